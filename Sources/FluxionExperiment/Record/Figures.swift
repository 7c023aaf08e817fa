import Foundation

/// Numbers as people read them, the same in every locale.
package enum Figures {
  /// 1663370 ↦ "1,663,370".
  package static func count(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return value < 0 ? "−" + result : result
  }

  /// 0.8765 ↦ "87.65%".
  package static func percent(_ fraction: Double, digits: Int = 2) -> String {
    fraction.isFinite ? fixed(100 * fraction, digits: digits) + "%" : "–"
  }

  /// Four significant digits: 0.43117 ↦ "0.4312", 1234.5 ↦ "1,235", 0.00001234 ↦ "1.234e-5".
  package static func loss(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : (value < 0 ? "−∞" : "∞") }
    let magnitude = abs(value)
    if magnitude >= 1e7 || (magnitude > 0 && magnitude < 1e-3) {
      let exponent = Int(log10(magnitude).rounded(.down))
      return fixed(value / pow(10, Double(exponent)), digits: 3) + "e\(exponent)"
    }
    if magnitude >= 1000 { return count(Int(value.rounded())) }
    return fixed(value, digits: magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : magnitude >= 1 ? 3 : 4)
  }

  /// 13306960 ↦ "13.3 MB"; decimal prefixes.
  package static func bytes(_ value: Int) -> String {
    let prefix = Prefix(for: Double(value))
    return "\(three(Double(value) / prefix.factor)) \(prefix.symbol)B"
  }

  /// 0.0123 ↦ "12.3 ms", 1.234 ↦ "1.23 s", 125 ↦ "2 min 5 s", 7300 ↦ "2 h 2 min".
  package static func seconds(_ value: Double) -> String {
    guard value.isFinite, value >= 0, value < 1e9 else { return "–" }
    if value < 0.9995e-3 { return "\(three(value * 1e6)) µs" }
    if value < 0.9995 { return "\(three(value * 1e3)) ms" }
    if value < 59.95 { return "\(three(value)) s" }
    let whole = Int(value.rounded())
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    let minutes = Int((value / 60).rounded())
    return "\(minutes / 60) h \(minutes % 60) min"
  }

  /// With this many digits after the point.
  package static func fixed(_ value: Double, digits: Int) -> String {
    let text = String(format: "%.\(digits)f", value)
    return text.hasPrefix("-") && !text.contains { ("1"..."9").contains($0) } ? String(text.dropFirst()) : text
  }

  /// Three digits for numbers between 1 and 999.
  private static func three(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1000 { return fixed(value, digits: 0) }
    return fixed(value, digits: value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
  }

  /// A decimal prefix of units.
  struct Prefix {
    let factor: Double
    let symbol: String

    init(for value: Double) {
      let steps = ["", "k", "M", "G", "T", "P"]
      var index = 0
      while index < steps.count - 1, abs(value) >= 999.5 * pow(1000, Double(index)) { index += 1 }
      factor = pow(1000, Double(index))
      symbol = steps[index]
    }
  }
}
