public import FluxionCalculus

/// `b ← m b + g; u = b`, and for Nesterov's form `u = g + m b`, with `b = 0` at first.
///
/// Polyak 1964, "Some methods of speeding up the convergence of iteration methods"; Nesterov 1983; in the form of
/// Sutskever, Martens, Dahl and Hinton 2013 (ICML) that PyTorch has, without dampening.
public struct Momentum: GradientTransform {
  public let momentum: Float
  public let isNesterov: Bool

  public init(_ momentum: Float = 0.9, nesterov: Bool = false) {
    self.momentum = momentum
    self.isNesterov = nesterov
  }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("momentum", momentum, .fraction)] }

  public func initialState(for parameters: [Program.Input]) -> [StateSpec] { StateSpec.like(parameters, "momentum") }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    let m = hyper["momentum"]
    let next = zip(state, gradients).map { m * $0 + $1 }
    return (isNesterov ? zip(gradients, next).map { $0 + m * $1 } : next, next)
  }
}
