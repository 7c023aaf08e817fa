/// The geometry of a two-dimensional sliding window: kernel, stride and zero padding; dilation is 1.
public struct Window: Hashable, Sendable, Codable {
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var strideHeight: Int
  public var strideWidth: Int
  public var top: Int
  public var bottom: Int
  public var left: Int
  public var right: Int

  public init(
    kernel: (height: Int, width: Int), stride: (height: Int, width: Int) = (1, 1),
    padding: (top: Int, bottom: Int, left: Int, right: Int) = (0, 0, 0, 0)
  ) {
    (kernelHeight, kernelWidth) = kernel
    (strideHeight, strideWidth) = stride
    (top, bottom, left, right) = padding
  }

  /// How a window meets the border of an image.
  public enum Padding: String, Hashable, Sendable, Codable {
    /// No padding: the output shrinks.
    case valid
    /// Zero padding such that the output has ⌈extent / stride⌉ positions; an odd remainder goes to the end.
    case same
  }

  /// A square or rectangular window with its padding worked out for images of `height` × `width`.
  public init(
    kernel: (height: Int, width: Int), stride: (height: Int, width: Int), padding: Padding, height: Int, width: Int
  ) {
    func pads(_ extent: Int, _ kernel: Int, _ stride: Int) -> (Int, Int) {
      guard padding == .same, stride > 0 else { return (0, 0) }
      let outputs = (extent + stride - 1) / stride
      let total = max((outputs - 1) * stride + kernel - extent, 0)
      return (total / 2, total - total / 2)
    }
    let (top, bottom) = pads(height, kernel.height, stride.height)
    let (left, right) = pads(width, kernel.width, stride.width)
    self.init(kernel: kernel, stride: stride, padding: (top, bottom, left, right))
  }

  /// The number of window positions over an image, or nil when not even one fits or the window is malformed.
  public func outputSize(height: Int, width: Int) -> (height: Int, width: Int)? {
    guard kernelHeight > 0, kernelWidth > 0, strideHeight > 0, strideWidth > 0,
      min(top, bottom, left, right) >= 0,
      // A window that could lie wholly inside the padding would have no maximum.
      max(top, bottom) < kernelHeight, max(left, right) < kernelWidth, min(height, width) > 0,
      // Far beyond any image, and small enough that no sum below overflows.
      [kernelHeight, kernelWidth, strideHeight, strideWidth, height, width].allSatisfy({ $0 <= 1 << 24 })
    else { return nil }
    let rows = height + top + bottom - kernelHeight
    let columns = width + left + right - kernelWidth
    guard rows >= 0, columns >= 0 else { return nil }
    return (rows / strideHeight + 1, columns / strideWidth + 1)
  }
}

extension Window: CustomStringConvertible {
  public var description: String {
    "\(kernelHeight)×\(kernelWidth) stride \(strideHeight)×\(strideWidth) padding \(top),\(bottom),\(left),\(right)"
  }
}
