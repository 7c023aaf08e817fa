/// Base 32 in the alphabet of Crockford: no letter that is taken for a digit, and none that makes words.
///
/// Reading takes either case, and O for 0, I and L for 1.
enum Base32 {
  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  /// - Precondition: the bits are a multiple of 5.
  static func text(_ bytes: [UInt8]) -> String {
    var digits: [UInt8] = []
    var (buffer, bits): (UInt32, Int) = (0, 0)
    for byte in bytes {
      (buffer, bits) = (buffer << 8 | UInt32(byte), bits + 8)
      while bits >= 5 {
        bits -= 5
        digits.append(alphabet[Int(buffer >> UInt32(bits) & 31)])
      }
    }
    return String(decoding: digits, as: UTF8.self)
  }

  /// The value of one digit; nil for a character that is none.
  static func value(of character: UInt8) -> UInt8? {
    let upper = (0x61...0x7a).contains(character) ? character - 0x20 : character
    let digit =
      switch upper {
      case UInt8(ascii: "O"): UInt8(ascii: "0")
      case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
      default: upper
      }
    return alphabet.firstIndex(of: digit).map(UInt8.init)
  }

  static func bytes(_ values: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    var (buffer, bits): (UInt32, Int) = (0, 0)
    for value in values {
      (buffer, bits) = (buffer << 5 | UInt32(value), bits + 5)
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
      }
    }
    return bytes
  }
}
