public import FluxionCalculus

/// `m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; u = m̂/(√v̂ + ε)`, with `m̂ = m/(1 − β₁ᵗ)` and `v̂ = v/(1 − β₂ᵗ)`
/// (Kingma and Ba 2014, arXiv 1412.6980, algorithm 1).
///
/// Server optimisers leave the bias corrections out: `u = m/(√v + τ)` (Reddi et al. 2020, arXiv 2003.00295, algorithm 2).
/// Yogi's second moment is `v ← v − (1 − β₂) g² sign(v − g²)` (Zaheer et al. 2018, NeurIPS).
public struct ScaleByAdam: GradientTransform {
  public let beta1: Float
  public let beta2: Float
  public let epsilon: Float
  /// Whether moments are divided by what they sum to; a step count is kept for it.
  public let isBiasCorrected: Bool
  public let isYogi: Bool
  /// What the second moment begins with.
  public let initialSecondMoment: Float

  public init(
    beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, biasCorrected: Bool = true, yogi: Bool = false,
    initialSecondMoment: Float = 0
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.isBiasCorrected = biasCorrected
    self.isYogi = yogi
    self.initialSecondMoment = initialSecondMoment
  }

  public var hyperparameters: [Hyperparameter] {
    [
      Hyperparameter("beta1", beta1, .fraction), Hyperparameter("beta2", beta2, .fraction),
      Hyperparameter("epsilon", epsilon, .nonNegative),
    ]
  }

  public func initialState(for parameters: [Program.Input]) -> [StateSpec] {
    (isBiasCorrected ? [StateSpec("adam.step", .scalar)] : []) + StateSpec.like(parameters, "adam.first")
      + StateSpec.like(parameters, "adam.second", fill: initialSecondMoment)
  }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    let (beta1, beta2, epsilon) = (hyper["beta1"], hyper["beta2"], hyper["epsilon"])
    let moments = state.suffix(2 * gradients.count)
    let (rest1, rest2) = (1 - beta1, 1 - beta2)
    let first = zip(moments.prefix(gradients.count), gradients).map { m, g in beta1 * m + rest1 * g }
    let second = zip(moments.suffix(gradients.count), gradients).map { v, g in
      let g2 = square(g)
      return isYogi ? v - rest2 * (g2 * sign(v - g2)) : beta2 * v + rest2 * g2
    }
    guard isBiasCorrected else {
      return (zip(first, second).map { $0 / (sqrt($1) + epsilon) }, first + second)
    }
    let step = state[0] + 1
    // Reciprocals of scalars: one division an element, not three.
    let (scale1, scale2) = (1 / (1 - pow(beta1, step)), 1 / (1 - pow(beta2, step)))
    let updates = zip(first, second).map { m, v in (m * scale1) / (sqrt(v * scale2) + epsilon) }
    return (updates, [step] + first + second)
  }
}
