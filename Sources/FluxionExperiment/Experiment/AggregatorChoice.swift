import FluxionCalculus
package import FluxionFederation

/// How the parties' models become one, by name.
public enum AggregatorChoice: Sendable, Hashable, CustomStringConvertible {
  /// The weighted mean.
  case mean
  /// The median of each coordinate.
  case median
  /// The mean of each coordinate without this part of the parties on either side.
  case trimmedMean(share: Double)
  /// The point with the least sum of distances to all.
  case geometricMedian

  /// The forms a user may write, for messages and help.
  public static let forms = ["mean", "median", "trimmed-mean:SHARE", "geometric-median"]

  /// The text form, which ``init(parsing:)`` reads.
  public var description: String {
    switch self {
    case .mean: "mean"
    case .median: "median"
    case .trimmedMean(let share): "trimmed-mean:\(share)"
    case .geometricMedian: "geometric-median"
    }
  }

  /// Reads `mean`, `median`, `trimmed-mean:0.2` or `geometric-median`.
  ///
  /// - Throws: `.invalidConfiguration`, naming the nearest form, for any other text.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count) {
    case ("mean", 1): self = .mean
    case ("median", 1): self = .median
    case ("geometric-median", 1): self = .geometricMedian
    case ("trimmed-mean", _):
      guard parts.count == 2, let share = Double(parts[1]), share >= 0, share < 0.5 else {
        throw FluxionError(
          .invalidConfiguration,
          "aggregator \"\(text)\" needs the share that is left out on each side, from 0 up to but not 0.5, as in "
            + "\"trimmed-mean:0.2\"")
      }
      self = .trimmedMean(share: share)
    default:
      let known = ["mean", "median", "trimmed-mean", "geometric-median"]
      let hint =
        known.contains(parts[0])
        ? "; \(parts[0]) takes no argument;"
        : nearest(parts[0], among: known).map { "; did you mean \"\($0)\"?" } ?? ";"
      throw FluxionError(
        .invalidConfiguration,
        "there is no aggregator \"\(text)\"\(hint) use one of \(Self.forms.joined(separator: ", "))")
    }
  }

  package func aggregator() throws -> any DifferentiableAggregator {
    switch self {
    case .mean: ExactMean()
    case .median: CoordinateMedian()
    case .trimmedMean(let share): try TrimmedMean(share: share)
    case .geometricMedian: try GeometricMedian()
    }
  }
}
