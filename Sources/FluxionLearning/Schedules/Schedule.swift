import Foundation
import FluxionCalculus

/// How a hyperparameter such as the learning rate changes over steps or rounds: a factor on its base value.
///
/// A schedule is a pure function of the step, counted from 0, and of a ``State`` that only ``onPlateau(factor:patience:threshold:)``
/// changes. It is evaluated on the host; programs read the result as a scalar input.
///
/// ```swift
/// let schedule = Schedule.warmup(5, then: .cosine(length: 95))
/// let rate = schedule.value(0.1, at: round)
/// ```
public indirect enum Schedule: Hashable, Sendable {
  /// 1
  case constant
  /// `factorᵏ` with `k = ⌊t / every⌋`
  case step(every: Int, factor: Double)
  /// `factorᵗ`
  case exponential(factor: Double)
  /// `minimum + (1 − minimum)(1 + cos(π min(t, length)/length))/2` (Loshchilov and Hutter 2016, arXiv 1608.03983,
  /// without restarts).
  case cosine(length: Int, minimum: Double = 0)
  /// `min(1, s/warmup) √(warmup/max(s, warmup))` with `s = t + 1` (Vaswani et al. 2017, arXiv 1706.03762, scaled to a
  /// peak of 1).
  case inverseSquareRoot(warmup: Int)
  /// `(t + 1)/steps` for the first steps, then another schedule from its beginning (Goyal et al. 2017, arXiv
  /// 1706.02677). The first step has a rate above 0, unlike optax's `t/steps`: no step or round is spent on nothing.
  case warmup(Int, then: Schedule = .constant)
  /// Times `factor` whenever the loss has not fallen below `(1 − threshold)` times its best for more than `patience`
  /// observations; PyTorch's `ReduceLROnPlateau`.
  case onPlateau(factor: Double, patience: Int, threshold: Double = 1e-4)

  /// What a schedule has seen: explicit, so that a run resumes where it was.
  public struct State: Hashable, Sendable, Codable {
    /// The smallest loss that counted as an improvement.
    public var best: Double?
    /// Observations since then, or since the last reduction.
    public var observationsWithoutImprovement = 0
    /// The product of the reductions so far.
    public var factor = 1.0

    public init() {}
  }

  /// The factor at a step.
  public func factor(at step: Int, state: State = State()) -> Double {
    let t = max(step, 0)
    switch self {
    case .constant: return 1
    case .step(let every, let factor): return Foundation.pow(factor, Double(t / max(every, 1)))
    case .exponential(let factor): return Foundation.pow(factor, Double(t))
    case .cosine(let length, let minimum):
      let progress = Double(min(t, length)) / Double(max(length, 1))
      return minimum + (1 - minimum) * 0.5 * (1 + Foundation.cos(.pi * progress))
    case .inverseSquareRoot(let warmup):
      let (s, warmup) = (Double(t) + 1, Double(max(warmup, 1)))
      return min(1, s / warmup) * (warmup / max(s, warmup)).squareRoot()
    case .warmup(let steps, let then):
      return t < steps ? Double(t + 1) / Double(steps) : then.factor(at: t - max(steps, 0), state: state)
    case .onPlateau: return state.factor
    }
  }

  /// The base value times the factor.
  public func value(_ base: Float, at step: Int, state: State = State()) -> Float {
    Float(Double(base) * factor(at: step, state: state))
  }

  /// Takes note of a loss; only a schedule that waits for a plateau does anything with it.
  public func observe(loss: Double, _ state: inout State) {
    switch self {
    case .warmup(_, let then): then.observe(loss: loss, &state)
    case .onPlateau(let factor, let patience, let threshold):
      if loss < state.best.map({ $0 * (1 - threshold) }) ?? .infinity {
        state.best = loss
        state.observationsWithoutImprovement = 0
      } else {
        state.observationsWithoutImprovement += 1
      }
      guard state.observationsWithoutImprovement > patience else { return }
      state.factor *= factor
      state.observationsWithoutImprovement = 0
    case .constant, .step, .exponential, .cosine, .inverseSquareRoot: break
    }
  }
}
