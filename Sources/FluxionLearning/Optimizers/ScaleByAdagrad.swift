public import FluxionCalculus

/// `s ← s + g²; u = g/(√s + ε)` (Duchi, Hazan and Singer 2011, JMLR 12).
public struct ScaleByAdagrad: GradientTransform {
  public let epsilon: Float
  /// What the sum begins with.
  public let initialAccumulator: Float

  public init(epsilon: Float = 1e-10, initialAccumulator: Float = 0) {
    self.epsilon = epsilon
    self.initialAccumulator = initialAccumulator
  }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("epsilon", epsilon, .nonNegative)] }

  public func initialState(for parameters: [Program.Input]) -> [StateSpec] {
    StateSpec.like(parameters, "adagrad", fill: initialAccumulator)
  }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    let epsilon = hyper["epsilon"]
    let next = zip(state, gradients).map { $0 + square($1) }
    return (zip(gradients, next).map { g, s in g / (sqrt(s) + epsilon) }, next)
  }
}
