import Crypto

/// A SHA-256, of a token's secret or of a public key; hexadecimal where it is written down.
struct Hash: Hashable, Sendable {
  private let bytes: [UInt8]

  init(of data: [UInt8]) { bytes = Array(SHA256.hash(data: data)) }

  /// In a time that does not depend on where the two differ.
  func isHash(of data: [UInt8]) -> Bool { SHA256.hash(data: data) == bytes }
}

extension Hash: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = Hexadecimal.bytes(try container.decode(String.self)), bytes.count == SHA256.byteCount else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a SHA-256 has 64 hexadecimal digits")
    }
    self.bytes = bytes
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Hexadecimal.text(bytes))
  }
}

enum Hexadecimal {
  private static let digits = Array("0123456789abcdef".utf8)

  static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// nil for anything but pairs of lower-case digits.
  static func bytes(_ text: String) -> [UInt8]? {
    let values = text.utf8.map { digits.firstIndex(of: $0) }
    guard values.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: values.count, by: 2) {
      guard let high = values[index], let low = values[index + 1] else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    return bytes
  }
}
