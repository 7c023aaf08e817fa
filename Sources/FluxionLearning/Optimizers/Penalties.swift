public import FluxionCalculus

/// `u ← u + λ w`: before other transforms the gradient of the penalty `λ/2 ‖w‖²`, after them the decoupled weight decay
/// of AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101).
public struct AddWeightDecay: GradientTransform {
  public let weightDecay: Float

  public init(_ weightDecay: Float) { self.weightDecay = weightDecay }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("weightDecay", weightDecay, .nonNegative)] }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    (zip(gradients, parameters).map { $0 + hyper["weightDecay"] * $1 }, state)
  }
}

/// `u ← u + λ sign w`: a subgradient of the penalty `λ ‖w‖₁`, 0 at 0 (Tibshirani 1996, the lasso).
public struct AddL1Penalty: GradientTransform {
  public let coefficient: Float

  public init(_ coefficient: Float) { self.coefficient = coefficient }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("l1", coefficient, .nonNegative)] }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    (zip(gradients, parameters).map { $0 + hyper["l1"] * sign($1) }, state)
  }
}
