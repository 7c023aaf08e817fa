import FluxionCalculus

extension Dataset {
  /// The digits that come with the library: 1,797 handwritten digits of 8×8 pixels, stored 0…16, seen as 0…1.
  ///
  /// UCI Machine Learning Repository, *Optical Recognition of Handwritten Digits* (E. Alpaydin, C. Kaynak 1998),
  /// CC BY 4.0. Compiled in, so it needs no file; split it with ``split(testFraction:seed:stratified:)``.
  ///
  /// ```swift
  /// let digits = try Dataset.digits()
  /// digits.count         // 1797
  /// digits.exampleShape  // [8, 8, 1]
  /// ```
  public static func digits() throws -> Dataset {
    let (count, pixels) = (1797, 64)
    let bytes = try Gzip.inflate(
      PackageResources.digits_bin_gz, limit: count * (pixels + 1), name: "the bundled digits")
    guard bytes.count == count * (pixels + 1) else {
      throw FluxionError(.corruptData, "the bundled digits hold \(bytes.count) bytes, not \(count * (pixels + 1))")
    }
    return try Dataset(
      name: "digits", features: FeatureStorage(bytes[count...]), exampleShape: [8, 8, 1],
      targets: .classes(labels: bytes[..<count].map(Int32.init), classCount: 10),
      normalization: Normalization(scale: 1 / 16))
  }
}
