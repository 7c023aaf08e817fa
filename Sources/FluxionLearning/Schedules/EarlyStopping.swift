import FluxionCalculus

/// Ends a run when a number that is watched has not improved for a while (Prechelt 1998, "Early stopping — but when?").
///
/// ```swift
/// let stopping = EarlyStopping(patience: 5, minDelta: 1e-3, mode: .minimize)
/// var state = EarlyStopping.State()
/// if stopping.observe(validationLoss, at: round, &state) { break }
/// ```
public struct EarlyStopping: Hashable, Sendable, Codable {
  /// Which way is better.
  public enum Mode: String, Hashable, Sendable, Codable {
    case minimize
    case maximize
  }

  /// What has been seen: explicit, so that a run resumes where it was.
  public struct State: Hashable, Sendable, Codable {
    public var best: Double?
    /// When the best was seen.
    public var bestRound: Int?
    /// Observations since then.
    public var observationsWithoutImprovement = 0

    public init() {}
  }

  /// How many observations without improvement are borne; the next one stops.
  public var patience: Int
  /// By how much more than the best an observation has to be better.
  public var minDelta: Double
  public var mode: Mode

  public init(patience: Int, minDelta: Double = 0, mode: Mode = .minimize) {
    self.patience = patience
    self.minDelta = minDelta
    self.mode = mode
  }

  /// Takes note of a value; NaN is never an improvement.
  ///
  /// - Returns: whether to stop.
  public func observe(_ value: Double, at round: Int, _ state: inout State) -> Bool {
    let isBetter =
      switch (mode, state.best) {
      case (_, nil): !value.isNaN
      case (.minimize, let best?): value < best - minDelta
      case (.maximize, let best?): value > best + minDelta
      }
    if isBetter {
      state = State()
      (state.best, state.bestRound) = (value, round)
    } else {
      state.observationsWithoutImprovement += 1
    }
    return state.observationsWithoutImprovement > patience
  }
}
