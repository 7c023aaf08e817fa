public import FluxionCalculus

/// A function of each element, without parameters; the shape stays as it is.
///
/// ```swift
/// struct Square: Activation {
///   let name = "square"
///   func callAsFunction(_ x: Tensor) -> Tensor { square(x) }
/// }
/// ```
public protocol Activation: Layer {
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Activation {
  public func outputShape(input: Shape) -> Shape { input }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor { self(x) }
}

/// `max(x, 0)` (Nair and Hinton 2010).
public struct ReLU: Activation {
  public init() {}
  public var name: String { "relu" }
  public func callAsFunction(_ x: Tensor) -> Tensor { relu(x) }
}

/// The hyperbolic tangent.
public struct Tanh: Activation {
  public init() {}
  public var name: String { "tanh" }
  public func callAsFunction(_ x: Tensor) -> Tensor { tanh(x) }
}

/// `1 / (1 + e⁻ˣ)`
public struct Sigmoid: Activation {
  public init() {}
  public var name: String { "sigmoid" }
  public func callAsFunction(_ x: Tensor) -> Tensor { sigmoid(x) }
}

/// `x Φ(x)`, exact (Hendrycks and Gimpel 2016, arXiv 1606.08415).
public struct GELU: Activation {
  public init() {}
  public var name: String { "gelu" }
  public func callAsFunction(_ x: Tensor) -> Tensor { gelu(x) }
}

/// `log(1 + eˣ)` (Dugas, Bengio, Bélisle, Nadeau and Garcia 2001).
public struct Softplus: Activation {
  public init() {}
  public var name: String { "softplus" }
  public func callAsFunction(_ x: Tensor) -> Tensor { softplus(x) }
}
