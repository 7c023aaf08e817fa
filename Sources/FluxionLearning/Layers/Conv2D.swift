public import FluxionCalculus

/// Two-dimensional convolution (cross-correlation, as in every framework): `y = x ⋆ F + b`.
///
/// Input `[h, w, in]`, output `[oh, ow, filters]`; the filter is `[kernel, kernel, in, filters]` (HWIO), the bias
/// `[filters]`.
///
/// ```swift
/// Conv2D(filters: 32, kernel: 5, padding: .same)
/// ```
public struct Conv2D: Layer {
  public let filters: Int
  public let window: WindowSettings
  public let initializer: Initializer
  public let hasBias: Bool

  /// - Parameters:
  ///   - kernel: the height and width of the filter.
  ///   - stride: how far it moves.
  ///   - padding: `.valid` shrinks the image, `.same` keeps ⌈extent / stride⌉.
  ///   - initializer: of the filter. The bias begins as it does under ``Initializer/fanInUniform`` (as in PyTorch) and
  ///     at zero under any other.
  public init(
    filters: Int, kernel: Int, stride: Int = 1, padding: Window.Padding = .valid,
    initializer: Initializer = .fanInUniform, bias: Bool = true
  ) {
    self.filters = filters
    self.window = WindowSettings(size: kernel, stride: stride, padding: padding)
    self.initializer = initializer
    self.hasBias = bias
  }

  public var name: String { "conv2d" }

  public func parameters(input: Shape) throws -> [ParameterSpec] {
    guard filters > 0 else {
      throw FluxionError(.invalidArgument, "a convolution needs at least 1 filter; it was given \(filters)")
    }
    _ = try window.output(of: input)
    let shape: Shape = [window.size, window.size, input[2], filters]
    let count = try shape.checkedElementCount("the filter of a convolution")
    let (fanIn, fanOut) = (count / filters, input[2] > 0 ? count / input[2] : 0)
    let filter = ParameterSpec("filter", shape, initializer, fanIn: fanIn, fanOut: fanOut)
    let bias = ParameterSpec("bias", [filters], initializer.ofBias, fanIn: fanIn, fanOut: fanOut)
    return hasBias ? [filter, bias] : [filter]
  }

  public func outputShape(input: Shape) throws -> Shape {
    let (height, width) = try window.output(of: input)
    return [height, width, filters]
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    window.applied(to: x) { window in
      let y = conv2D(x, parameters[0], window: window)
      return hasBias ? y + parameters[1] : y
    }
  }
}
