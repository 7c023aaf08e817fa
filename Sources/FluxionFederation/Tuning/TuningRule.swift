import Foundation

/// How far a hyperparameter moves on a hypergradient.
///
/// A hypergradient `h = ⟨u, g⟩` has a scale that means nothing to its hyperparameter and changes by orders of magnitude
/// in a run. What is used of it is the alignment of the tangent and the gradient, a cosine, and the step is taken in
/// the coordinate `z` of the hyperparameter (its logarithm, mostly):
///
///     c = ⟨u, g⟩ / (‖u‖ ‖g‖)        z ← z − step / (1 + n / patience) · clip(c / threshold, −1, 1)
///
/// where `n` counts the steps taken. Weak alignments, which is what noise gives, move little; strong ones move by
/// `step`, and less with time, so that values settle.
///
/// The sign is that of hypergradient descent (Baydin, Cornish, Martínez Rubio, Schmidt and Wood 2018, arXiv 1703.04782,
/// which also proposes a multiplicative rule for the reason above).
public struct TuningRule: Hashable, Sendable, Codable {
  /// The longest step in `z`: 0.5 multiplies or divides a learning rate by at most 1.65.
  public var step: Double
  /// The alignment at which a step has its full length.
  public var threshold: Double
  /// After how many steps the length is halved.
  public var patience: Double

  public init(step: Double = 0.5, threshold: Double = 0.1, patience: Double = 10) {
    self.step = step
    self.threshold = threshold
    self.patience = patience
  }

  /// The change of `z` for an alignment after `count` earlier steps.
  public func change(alignment: Double, after count: Int) -> Double {
    guard alignment.isFinite else { return 0 }
    return -step / (1 + Double(count) / patience) * min(max(alignment / threshold, -1), 1)
  }

  func next(
    _ value: Double, of hyperparameter: TunedHyperparameter, alignment: Double, after count: Int,
    within bounds: ClosedRange<Double>
  ) -> Double {
    let moved = hyperparameter.value(
      at: hyperparameter.coordinate(value) + change(alignment: alignment, after: count))
    return min(max(moved, bounds.lowerBound), bounds.upperBound)
  }
}
