import Foundation

/// How far a hyperparameter moves on a hypergradient.
///
/// A hypergradient `h = ⟨u, g⟩` has a scale that means nothing to its hyperparameter and changes by orders of magnitude
/// in a run. What is used of it is the alignment of the tangent and the gradient, a cosine, and the step is taken in
/// the coordinate `z` of the hyperparameter (its logarithm, mostly):
///
///     c = ⟨u, g⟩ / (‖u‖ ‖g‖)
///     z ← z − step / (1 + n / patience) · sign(c) · min(1, max(0, |c| − deadband) / ramp)
///
/// where `n` counts the steps taken, so that values settle. Alignments within the deadband move nothing: they are
/// noise, or the end of what another value would gain, or, for a party's own loss, the part that averaging makes.
///
/// The sign is that of hypergradient descent (Baydin, Cornish, Martínez Rubio, Schmidt and Wood 2018, arXiv 1703.04782,
/// which also proposes a multiplicative rule for the reason above). Deadband and ramp are this project's.
public struct TuningRule: Hashable, Sendable, Codable {
  /// The longest step in `z`: 1 multiplies or divides a learning rate by at most e.
  public var step: Double
  /// The alignment up to which nothing moves.
  public var deadband: Double
  /// How far above the deadband a step has its full length.
  public var ramp: Double
  /// After how many steps the length is halved.
  public var patience: Double

  public init(step: Double = 1, deadband: Double = 0.15, ramp: Double = 0.15, patience: Double = 5) {
    self.step = step
    self.deadband = deadband
    self.ramp = ramp
    self.patience = patience
  }

  /// The change of `z` for an alignment after `count` earlier steps; 0 for one that is not finite.
  public func change(alignment: Double, after count: Int) -> Double {
    guard alignment.isFinite else { return 0 }
    let strength = min(1, max(0, abs(alignment) - deadband) / ramp)
    return -step / (1 + Double(count) / patience) * (alignment < 0 ? -strength : strength)
  }

  func next(
    _ value: Double, of hyperparameter: TunedHyperparameter, alignment: Double, after count: Int,
    within bounds: ClosedRange<Double>
  ) -> Double {
    let moved = hyperparameter.value(
      at: hyperparameter.coordinate(value) + change(alignment: alignment, after: count))
    // A value that was lowered further because training diverged there is not driven back.
    return min(max(moved, min(bounds.lowerBound, value)), max(bounds.upperBound, value))
  }
}
