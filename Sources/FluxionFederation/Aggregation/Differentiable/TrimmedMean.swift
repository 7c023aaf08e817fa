import FluxionCalculus

/// In each coordinate, the mean of what is left when the `⌊βK⌋` least and the `⌊βK⌋` greatest of `K` values are left out.
///
/// Unweighted, as is usual: a party counts once, however many samples it says that it has. Up to `⌊βK⌋` parties,
/// whatever they send, cannot move it beyond what the others sent. Yin, Chen, Ramchandran and Bartlett 2018,
/// "Byzantine-robust distributed learning: towards optimal statistical rates", arXiv 1803.01498, definition 2.
///
/// **Derivative.** In each coordinate `1/(K − 2⌊βK⌋)` for the parties that are left in and 0 for the others; at ties
/// those that tie share what falls to their ranks. It is found by differentiating a sorting network.
public struct TrimmedMean: CoordinatewiseAggregator {
  /// The part `β` of the parties that is left out on each side, from 0 up to but not ½.
  public let share: Double
  public let rule: CoordinatewiseRule

  /// - Throws: ``FluxionError/Code/invalidArgument`` for a share outside [0, ½).
  public init(share: Double) throws {
    guard share >= 0, share < 0.5 else {
      throw FluxionError(
        .invalidArgument,
        "a trimmed mean leaves out a share from 0 up to but not 0.5 on each side; it was given \(share)")
    }
    self.share = share
    rule = CoordinatewiseRule { vectors, _ in
      // Decimal fractions of a number of parties may come out a hair below a whole number.
      let trimmed = min(Int(share * Double(vectors.count) + 1e-9), (vectors.count - 1) / 2)
      return SortingNetwork.mean(of: trimmed..<(vectors.count - trimmed), vectors)
    }
  }

  public var name: String { "trimmed-mean:\(share)" }
}
