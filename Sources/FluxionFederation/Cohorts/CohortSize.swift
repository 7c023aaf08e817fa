import FluxionCalculus

/// How many of the registered clients a round selects.
public enum CohortSize: Hashable, Sendable, Codable {
  /// Every client.
  case all
  /// This many.
  case count(Int)
  /// This share of the clients, rounded to the nearest number and at least one.
  case fraction(Double)

  /// The number of clients to select of `registered`.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a count below 1 or above the number registered, or a fraction
  ///   outside 0 to 1.
  public func size(of registered: Int) throws -> Int {
    switch self {
    case .all: return registered
    case .count(let count):
      guard count >= 1, count <= registered else {
        throw FluxionError(
          .invalidArgument, "a cohort of \(count) cannot be selected of \(registered) parties; use 1 to \(registered)")
      }
      return count
    case .fraction(let fraction):
      guard fraction > 0, fraction <= 1 else {
        throw FluxionError(
          .invalidArgument, "a cohort cannot be \(fraction) of the parties; use a number above 0 and up to 1")
      }
      return min(registered, max(1, Int((fraction * Double(registered)).rounded())))
    }
  }
}
