import Crypto

/// The digest by which two runs show that they ended with the same model, bit for bit.
///
/// ```swift
/// ModelDigest.sha256Hex(of: [1, 2, 3])  // "8e62…", 64 hexadecimal digits
/// ```
public enum ModelDigest {
  /// SHA-256 of the parameters' bytes: each a little-endian 32-bit float, in the order of the flat vector. The digest
  /// is of the data part of the model's safetensors file.
  ///
  /// - Returns: 64 lower-case hexadecimal digits.
  public static func sha256Hex(of values: [Float]) -> String {
    let digest = withLittleEndianBytes(of: values) { bytes in
      var hash = SHA256()
      hash.update(bufferPointer: bytes)
      return hash.finalize()
    }
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
