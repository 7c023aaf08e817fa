/// The extents of a tensor, outermost first; a scalar has the empty shape.
///
/// Tensors are dense and row-major: the last dimension is contiguous. Images are `[batch, height, width, channels]`
/// (NHWC) and convolution filters are `[height, width, in, out]` (HWIO).
///
/// ```swift
/// let images: Shape = [32, 28, 28, 1]
/// images.count  // 25_088
/// ```
public struct Shape: Hashable, Sendable {
  public var dimensions: [Int]

  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  /// The shape of a scalar: rank 0, one element.
  public static let scalar = Shape([])

  public var rank: Int { dimensions.count }

  /// The number of elements.
  public var count: Int { dimensions.reduce(1, *) }

  /// Row-major strides, in elements.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    return strides
  }

  public subscript(axis: Int) -> Int {
    get { dimensions[axis] }
    set { dimensions[axis] = newValue }
  }

  public var last: Int? { dimensions.last }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[\(dimensions.map(String.init).joined(separator: ", "))]" }
}

extension Shape: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([Int].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(dimensions)
  }
}
