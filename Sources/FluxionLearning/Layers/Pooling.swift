public import FluxionCalculus

/// The maximum over each window of each channel: `[h, w, c]` → `[oh, ow, c]`.
///
/// The derivative goes to the first maximum of a window. Padding never wins.
public struct MaxPool2D: Layer {
  public let window: WindowSettings

  /// - Parameters:
  ///   - size: the height and width of the window.
  ///   - stride: how far it moves; as far as it is wide unless given.
  public init(_ size: Int, stride: Int? = nil, padding: Window.Padding = .valid) {
    window = WindowSettings(size: size, stride: stride ?? size, padding: padding)
  }

  public var name: String { "max_pool2d" }

  public func outputShape(input: Shape) throws -> Shape {
    let (height, width) = try window.output(of: input)
    return [height, width, input[2]]
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    window.applied(to: x) { maxPool2D(x, $0) }
  }
}

/// The mean over each window of each channel: `[h, w, c]` → `[oh, ow, c]`; padding counts as zeros.
public struct AveragePool2D: Layer {
  public let window: WindowSettings

  /// - Parameters:
  ///   - size: the height and width of the window.
  ///   - stride: how far it moves; as far as it is wide unless given.
  public init(_ size: Int, stride: Int? = nil, padding: Window.Padding = .valid) {
    window = WindowSettings(size: size, stride: stride ?? size, padding: padding)
  }

  public var name: String { "average_pool2d" }

  public func outputShape(input: Shape) throws -> Shape {
    let (height, width) = try window.output(of: input)
    return [height, width, input[2]]
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    window.applied(to: x) { averagePool2D(x, $0) }
  }
}

/// The mean over all positions of each channel: an image `[h, w, c]` → `[c]`, tokens `[t, c]` → `[c]`
/// (Lin, Chen and Yan 2013, arXiv 1312.4400).
public struct GlobalAveragePool: Layer {
  public init() {}

  public var name: String { "global_average_pool" }

  public func outputShape(input: Shape) throws -> Shape {
    guard input.rank >= 2, let channels = input.last, input.dimensions.allSatisfy({ $0 > 0 }) else {
      throw FluxionError(.shapeMismatch, "takes positions and channels, as [t, c] or [h, w, c]; it was given \(input)")
    }
    return [channels]
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    guard x.shape.rank >= 3 else { return x }
    return x.mean(axes: Array(1..<(x.shape.rank - 1)))
  }
}
