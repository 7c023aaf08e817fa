package import Foundation

/// How long certificates are good for.
package struct Lifetimes: Sendable {
  package var authority: TimeInterval = 3650 * day
  package var server: TimeInterval = 90 * day
  package var party: TimeInterval = 90 * day
  /// Certificates are valid from so long ago, for clocks that are behind.
  package var backdating: TimeInterval = 5 * 60

  private static let day: TimeInterval = 86400

  package init() {}

  /// Whether a certificate has a third of its time or less before it.
  package static func isDueForRenewal(from start: Date, until end: Date, now: Date) -> Bool {
    now >= end.addingTimeInterval(-end.timeIntervalSince(start) / 3)
  }
}
