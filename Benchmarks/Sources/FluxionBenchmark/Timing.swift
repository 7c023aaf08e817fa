import Foundation

/// Seconds of repeated runs, sorted.
func seconds(repeats: Int, _ body: () throws -> Void) rethrows -> [Double] {
  let clock = ContinuousClock()
  return try (0..<repeats).map { _ in try clock.measure(body) / .seconds(1) }.sorted()
}

extension [Double] {
  /// The middle of sorted numbers.
  var middle: Double { self[count / 2] }
}

/// A number with so many digits after the point, at the right of a column.
func column(_ value: Double, _ digits: Int, _ width: Int) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let rounded = (value * scale).rounded() / scale
  let text = digits == 0 ? String(Int(rounded)) : String(rounded)
  return String(repeating: " ", count: max(width - text.count, 0)) + text
}
