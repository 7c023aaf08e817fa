/// Decimal numbers as tables write them: `-12`, `3.25`, `.5`, `6.02e23`; no hexadecimal, no infinity, no separators.
enum DecimalNumber {
  /// Reads all of `text` as one number; nil when it is none, or none that is finite.
  static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    var position = 0
    var isNegative = false
    if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      position = 1
    }
    var mantissa: UInt64 = 0
    var digits = 0
    var exponent = 0
    var significant = 0
    var hasPoint = false
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
        digits += 1
        if mantissa > 0 || byte != UInt8(ascii: "0") { significant += 1 }
        if significant <= 18 { mantissa = mantissa * 10 + UInt64(byte - UInt8(ascii: "0")) }
        if hasPoint { exponent -= 1 }
      } else {
        break
      }
      position += 1
    }
    guard digits > 0 else { return nil }
    if position < text.count {
      guard text[position] | 0x20 == UInt8(ascii: "e"), let given = smallInteger(text, from: position + 1) else {
        return nil
      }
      exponent += given
    }
    // Both factors are exact doubles, so the one rounding is the right one (Clinger 1990).
    if significant <= 18, mantissa < 1 << 53, abs(exponent) <= 22 {
      let magnitude = Double(mantissa)
      let value = exponent < 0 ? magnitude / powers[-exponent] : magnitude * powers[exponent]
      return isNegative ? -value : value
    }
    guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
    return value
  }

  /// An exponent; saturates far outside what a double holds.
  private static func smallInteger(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var position = start
    var isNegative = false
    if position < text.count, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
      isNegative = text[position] == UInt8(ascii: "-")
      position += 1
    }
    guard position < text.count else { return nil }
    var value = 0
    while position < text.count {
      let byte = text[position]
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 100_000)
      position += 1
    }
    return isNegative ? -value : value
  }

  private static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]
}
