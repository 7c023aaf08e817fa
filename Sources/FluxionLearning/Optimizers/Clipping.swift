public import FluxionCalculus

/// `u ← u min(1, c/‖u‖)`, the norm of all tensors together (Pascanu, Mikolov and Bengio 2012, arXiv 1211.5063).
public struct ClipByGlobalNorm: GradientTransform {
  public let maximumNorm: Float

  public init(_ maximumNorm: Float) { self.maximumNorm = maximumNorm }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("clipNorm", maximumNorm, .positive)] }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    guard let first = gradients.first else { return (gradients, state) }
    let squares = gradients.dropFirst().reduce(square(first).sum()) { $0 + square($1).sum() }
    let limit = hyper["clipNorm"]
    // The root of the larger square: exactly `limit` for small gradients (√(c·c) = c in binary arithmetic), so that
    // their factor is exactly 1, and never a root of 0, whose derivative is infinite.
    let factor = limit / sqrt(maximum(squares, limit * limit))
    return (gradients.map { $0 * factor }, state)
  }
}

/// `u ← min(max(u, −c), c)`, element by element.
public struct ClipByValue: GradientTransform {
  public let maximumValue: Float

  public init(_ maximumValue: Float) { self.maximumValue = maximumValue }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("clipValue", maximumValue, .positive)] }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    let limit = hyper["clipValue"]
    let low = -limit
    return (gradients.map { minimum(maximum($0, low), limit) }, state)
  }
}
