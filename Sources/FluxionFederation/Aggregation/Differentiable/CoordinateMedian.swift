/// The median of each coordinate; of an even number, the mean of the two in the middle.
///
/// Unweighted, as is usual: a party counts once, however many samples it says that it has. Fewer than half of the
/// parties, whatever they send, cannot move it beyond what the others sent. Yin, Chen, Ramchandran and Bartlett 2018,
/// "Byzantine-robust distributed learning: towards optimal statistical rates", arXiv 1803.01498, definition 1.
///
/// **Derivative.** In each coordinate 1 for the party in the middle (½ for each of two) and 0 for all others; at ties
/// those that tie share it, see ``CoordinatewiseRule``. It is found by differentiating a sorting network.
public struct CoordinateMedian: CoordinatewiseAggregator {
  public init() {}

  public var name: String { "median" }

  public var rule: CoordinatewiseRule { Self.median }

  private static let median = CoordinatewiseRule { vectors, _ in
    let count = vectors.count
    return SortingNetwork.mean(of: (count - 1) / 2..<(count / 2 + 1), vectors)
  }
}
