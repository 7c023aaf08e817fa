/// What a client's update counts in a mean.
public enum Weighting: String, Hashable, Sendable, Codable, CaseIterable {
  /// As much as the client has samples: `n_k / n`.
  case samples
  /// As much as any other.
  case uniform

  /// The integer weight of a client's update; only ratios matter.
  ///
  /// Weights are integers so that the sum of weights is exact. A uniform weight is not 1 but 4,096, which gives the
  /// fixed-point sum of ``ExactMean`` that much more resolution.
  public func weight(samples: Int) -> Int {
    switch self {
    case .samples: samples
    case .uniform: 4096
    }
  }
}
