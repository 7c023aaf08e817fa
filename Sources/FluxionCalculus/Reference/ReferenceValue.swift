/// A dense value of the reference interpreter: every element, whatever its type, is a `Double`.
///
/// Integers of `int32` and `uint8` values are exact in `Double`; `float32` values are *not* rounded to `Float`.
///
/// ```swift
/// let x = ReferenceValue([1, 2, 3, 4], [2, 2])
/// let label = ReferenceValue([3], [1], .int32)
/// ```
public struct ReferenceValue: Hashable, Sendable {
  public var type: TensorType
  /// The elements in row-major order.
  public var elements: [Double]

  /// - Parameters:
  ///   - elements: in row-major order; as many as the shape has, or the interpreter refuses the value.
  ///   - element: what they stand for; integers must be in its range.
  public init(_ elements: [Double], _ shape: Shape, _ element: ElementType = .float32) {
    self.type = TensorType(shape, element)
    self.elements = elements
  }

  /// One element everywhere.
  public init(repeating element: Double, _ type: TensorType) {
    self.init([Double](repeating: element, count: type.shape.count), type.shape, type.element)
  }

  public var shape: Shape { type.shape }

  /// The element of a scalar (or of any value of one element).
  public var scalar: Double? { elements.count == 1 ? elements[0] : nil }
}

extension ReferenceValue {
  /// Whether integers are integers, and in range.
  var hasValidElements: Bool {
    switch type.element {
    case .float32: true
    case .int32: elements.allSatisfy { Int32(exactly: $0) != nil }
    case .uint8: elements.allSatisfy { UInt8(exactly: $0) != nil }
    }
  }

  init(_ literal: Literal) {
    switch literal.storage {
    case .float32(let values): self.init(values.map(Double.init), literal.shape)
    case .int32(let values): self.init(values.map(Double.init), literal.shape, .int32)
    }
  }

  /// A value whose element at each index is what `element` says.
  init(_ type: TensorType, element: (_ index: [Int]) -> Double) {
    self.init([], type.shape, type.element)
    elements.reserveCapacity(type.shape.count)
    type.shape.forEachIndex { elements.append(element($0)) }
  }

  /// The element at an index, one number an axis.
  subscript(index: [Int]) -> Double {
    get { elements[shape.offset(of: index)] }
    set { elements[shape.offset(of: index)] = newValue }
  }

  /// The element that an index of a larger shape reads when this value is broadcast to it.
  subscript(broadcast index: [Int]) -> Double {
    let own = index.suffix(shape.rank)
    return self[zip(own, shape.dimensions).map { position, extent in extent == 1 ? 0 : position }]
  }
}

extension Shape {
  /// Calls `body` with every index in row-major order: once with the empty index for a scalar, never if an extent is 0.
  func forEachIndex(_ body: (_ index: [Int]) -> Void) {
    guard count > 0 else { return }
    var index = [Int](repeating: 0, count: rank)
    while true {
      body(index)
      guard let axis = index.indices.last(where: { index[$0] + 1 < dimensions[$0] }) else { return }
      index[axis] += 1
      for later in (axis + 1)..<rank { index[later] = 0 }
    }
  }

  /// Where the element at an index stands in row-major order.
  func offset(of index: [Int]) -> Int {
    zip(index, dimensions).reduce(0) { $0 * $1.1 + $1.0 }
  }
}
