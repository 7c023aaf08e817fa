import FluxionCalculus

/// An array of bytes in the IDX format of the MNIST files.
///
/// Two zero bytes, the element type (8: unsigned byte), the number of dimensions, each dimension as a big-endian
/// 32-bit number, then the elements, row-major (LeCun, Cortes and Burges, *The MNIST database*).
struct IDX {
  /// The most bytes a file may hold.
  static let byteLimit = 1 << 32
  /// The most dimensions that are accepted.
  static let maximumRank = 8

  var dimensions: [Int]
  /// The elements; a slice of the file.
  var elements: ArraySlice<UInt8>

  /// Reads a file, gzip or not.
  ///
  /// - Throws: `.notFound` without a readable file, `.corruptData` when its bytes are not what they claim to be,
  ///   `.unsupported` for elements other than bytes.
  static func read(_ path: String) throws -> IDX {
    try IDX(FileBytes.read(path, limit: byteLimit), name: path)
  }

  /// Checks and takes apart the bytes of an IDX file.
  init(_ bytes: [UInt8], name: String) throws {
    guard bytes.count >= 4 else {
      throw FluxionError(.corruptData, "\(name) has \(bytes.count) bytes; an IDX file begins with 4")
    }
    guard bytes[0] == 0, bytes[1] == 0 else {
      throw FluxionError(.corruptData, "\(name) is no IDX file: its first two bytes are not zero")
    }
    let elementTypes: [UInt8: String] = [0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float", 0x0E: "double"]
    guard bytes[2] == 0x08 else {
      if let type = elementTypes[bytes[2]] {
        throw FluxionError(.unsupported, "\(name) holds \(type) elements; IDX files of unsigned bytes (8) are read")
      }
      throw FluxionError(.corruptData, "\(name) is no IDX file: there is no element type \(bytes[2])")
    }
    let rank = Int(bytes[3])
    guard rank >= 1, rank <= Self.maximumRank else {
      throw FluxionError(.corruptData, "\(name) claims \(rank) dimensions; 1 to \(Self.maximumRank) are accepted")
    }
    let header = 4 + 4 * rank
    guard bytes.count >= header else {
      throw FluxionError(
        .corruptData, "\(name) is truncated: a header of \(rank) dimensions has \(header) bytes, it has \(bytes.count)")
    }
    dimensions = (0..<rank).map { axis in
      bytes[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
    }
    var expected = 1
    for dimension in dimensions {
      let (product, overflow) = expected.multipliedReportingOverflow(by: dimension)
      guard !overflow, product <= Self.byteLimit else {
        throw FluxionError(
          .corruptData, "\(name) claims dimensions \(Shape(dimensions)), more than an IDX file may hold")
      }
      expected = product
    }
    let actual = bytes.count - header
    guard actual == expected else {
      throw FluxionError(
        .corruptData,
        "\(name) is \(actual < expected ? "truncated" : "oversized"): dimensions \(Shape(dimensions)) need "
          + "\(expected) bytes after the header, it has \(actual)")
    }
    elements = bytes[header...]
  }
}
