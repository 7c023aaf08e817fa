import Foundation

/// Values over seeds: their mean, and how far they lie apart.
public struct Spread: Codable, Sendable, Equatable {
  /// How many values there are.
  public var count: Int
  public var mean: Double
  public var lowest: Double
  public var highest: Double
  /// Of the values as a sample, with n − 1; nil of a single value.
  public var standardDeviation: Double?

  /// Of the values that are finite; nil if none is.
  public init?(_ values: some Sequence<Double>) {
    let values = values.filter(\.isFinite)
    guard let lowest = values.min(), let highest = values.max() else { return nil }
    count = values.count
    self.lowest = lowest
    self.highest = highest
    // Rounding must not take the mean of equal values out of their range.
    let mean = min(highest, max(lowest, values.reduce(0, +) / Double(values.count)))
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardDeviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }
}

extension JSONValue {
  init(_ spread: Spread?) {
    guard let spread else {
      self = .null
      return
    }
    self = [
      "mean": JSONValue(spread.mean), "lowest": JSONValue(spread.lowest), "highest": JSONValue(spread.highest),
      "standardDeviation": JSONValue(spread.standardDeviation), "count": JSONValue(spread.count),
    ]
  }
}
