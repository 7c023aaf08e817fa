public import FluxionCalculus

/// All axes but the batch as one, in row-major order: `[h, w, c]` → `[h · w · c]`.
public struct Flatten: Layer {
  public init() {}

  public var name: String { "flatten" }

  public func outputShape(input: Shape) -> Shape { [input.count] }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    x.reshaped(to: [x.shape.dimensions.first ?? 1, x.shape.dimensions.dropFirst().reduce(1, *)])
  }
}
