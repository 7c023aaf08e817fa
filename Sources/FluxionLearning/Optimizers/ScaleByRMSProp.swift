public import FluxionCalculus

/// `v ← α v + (1 − α) g²; u = g/(√v + ε)`, with `v = 0` at first (Tieleman and Hinton 2012, lecture 6.5 of "Neural
/// networks for machine learning"; ε outside the root, as in PyTorch).
public struct ScaleByRMSProp: GradientTransform {
  public let decay: Float
  public let epsilon: Float

  public init(decay: Float = 0.99, epsilon: Float = 1e-8) {
    self.decay = decay
    self.epsilon = epsilon
  }

  public var hyperparameters: [Hyperparameter] {
    [Hyperparameter("decay", decay, .fraction), Hyperparameter("epsilon", epsilon, .nonNegative)]
  }

  public func initialState(for parameters: [Program.Input]) -> [StateSpec] { StateSpec.like(parameters, "rmsprop") }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    let (decay, epsilon) = (hyper["decay"], hyper["epsilon"])
    let rest = 1 - decay
    let next = zip(state, gradients).map { v, g in decay * v + rest * square(g) }
    return (zip(gradients, next).map { g, v in g / (sqrt(v) + epsilon) }, next)
  }
}
