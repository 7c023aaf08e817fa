public import FluxionCalculus

/// How long to wait before a lost connection is tried again: twice as long each time up to a limit, of which a random
/// half is taken off so that clients which lost their server together do not come back together.
///
/// Brooker 2015, "Exponential backoff and jitter" (AWS Architecture Blog), there called equal jitter.
public struct Backoff: Hashable, Sendable {
  public var initial: Duration
  public var maximum: Duration

  public init(initial: Duration = .milliseconds(500), maximum: Duration = .seconds(60)) {
    self.initial = initial
    self.maximum = maximum
  }

  /// The wait after so many attempts in a row have failed.
  ///
  /// - Parameters:
  ///   - failures: at least 1.
  ///   - key: what the jitter is drawn from.
  public func delay(afterFailures failures: Int, key: RandomKey) -> Duration {
    var delay = max(initial, .zero)
    for _ in 1..<max(failures, 1) {
      guard delay < maximum else { break }
      delay *= 2
    }
    var generator = key.folding("backoff", failures).generator()
    return min(delay, max(maximum, .zero)) * Double.random(in: 0.5...1, using: &generator)
  }
}
