public import FluxionCalculus

/// `u ← η u`, the last link of a chain: gradient descent is this alone (Cauchy 1847).
public struct ScaleByLearningRate: GradientTransform {
  public let learningRate: Float

  public init(_ learningRate: Float) { self.learningRate = learningRate }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("learningRate", learningRate, .nonNegative)] }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    (gradients.map { hyper["learningRate"] * $0 }, state)
  }
}
