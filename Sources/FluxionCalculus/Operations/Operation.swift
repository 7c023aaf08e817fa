/// The closed operator set: what an instruction of a ``Program`` can be.
///
/// The set is closed under differentiation: the derivative of every operator is written in the same operators
/// (`Differentiation/Pullback.swift`), so derivatives nest to any order. The rules for shapes and element types are in
/// `Operation+Typing.swift`, the meaning of every operator in the reference interpreter.
///
/// Unless said otherwise operands and results are `float32`, and *rows* are the last axis.
public enum Operation: Hashable, Sendable {
  /// A value known when the program was traced. No operands.
  case literal(Literal)

  /// One operand, element by element.
  case unary(Unary)
  /// Two operands, element by element, broadcast against each other as NumPy does.
  case binary(Binary)
  /// `(condition, a, b)`: `a` where the condition is not zero, else `b`; broadcasts.
  case select

  /// Folds the axes away; `keepingDimensions` leaves them with extent 1. Axes are strictly increasing.
  case reduce(Reduction, axes: [Int], keepingDimensions: Bool)
  /// Repeats along axes of extent 1 and new leading axes.
  case broadcast(Shape)
  /// The same elements in the same order under another shape. Any element type.
  case reshape(Shape)
  /// Axis `i` of the result is axis `permutation[i]` of the operand. Any element type.
  case transpose([Int])
  /// The box that begins at `starts` and has extents `sizes`.
  case slice(starts: [Int], sizes: [Int])
  /// Zeros added before and after each axis.
  case pad(low: [Int], high: [Int])
  /// Any number of operands, one after the other along an axis.
  case concatenate(axis: Int)
  /// `(table [n, …rest], indices int32 [k…])` → `[k…, rest…]`. An index outside `0..<n` reads zeros.
  case gather
  /// `(indices int32 [k…], values [k…, rest…])` → `[rows, rest…]`: adds each value to its row; the adjoint of gather.
  case scatterAdd(rows: Int)

  /// `(a [batch…, m, k], b [batch…, k, n])` → `[batch…, m, n]`; a transposed operand stores its last two axes swapped.
  case matmul(transposeA: Bool, transposeB: Bool)

  /// `(x [n, h, w, c], filter [kh, kw, c, f])` → `[n, oh, ow, f]`: cross-correlation, as in every framework.
  case conv2D(Window)
  /// `(dy [n, oh, ow, f], filter)` → `[n, height, width, c]`: the adjoint of ``conv2D(_:)`` in its input.
  case conv2DInputGradient(Window, height: Int, width: Int)
  /// `(x, dy)` → `[kh, kw, c, f]`: the adjoint of ``conv2D(_:)`` in its filter.
  case conv2DFilterGradient(Window)
  /// `x [n, h, w, c]` → `[n, oh, ow, c]`; padding never wins.
  case maxPool2D(Window)
  /// `(x, g [n, oh, ow, c])` → like `x`: sends each `g` to the first maximum of its window of `x`.
  case maxPool2DScatter(Window)
  /// `(x, v like x)` → `[n, oh, ow, c]`: reads `v` at the first maximum of each window of `x`.
  case maxPool2DGather(Window)
  /// The mean over each window; padding counts as zeros and the divisor is always the window's size.
  case averagePool2D(Window)
  /// `g [n, oh, ow, c]` → `[n, height, width, c]`: the adjoint of ``averagePool2D(_:)``.
  case averagePool2DGradient(Window, height: Int, width: Int)

  /// `x − log Σ exp x` over rows, stable.
  case logSoftmax
  /// `exp x / Σ exp x` over rows, stable.
  case softmax
  /// `(logits [r…, c], labels int32 [r…])` → `[r…]`: `−log softmax(logits)[label]`, fused and stable.
  case softmaxCrossEntropy
  /// `(logits [r…, c], labels, g [r…])` → like logits: `(softmax(logits) − onehot(labels)) · g`.
  case softmaxCrossEntropyGradient
  /// `int32 [r…]` → `float32 [r…, depth]`; an index outside gives a row of zeros.
  case oneHot(depth: Int)
  /// The index of the first maximum of each row: `[r…, c]` → `int32 [r…]`.
  case argmax
  /// Changes the element type; to integers by truncation toward zero.
  case convert(ElementType)
  /// The operand itself; its derivative is zero.
  case stopGradient
  /// `key int32 [2]` → uniform in `[0, 1)`: element `i` is word `i mod 4` of
  /// Philox4x32-10(counter = (⌊i/4⌋, stream), key), 24 bits of it.
  case randomUniform(Shape, stream: UInt64)
}

/// A dense value inside a program.
public struct Literal: Hashable, Sendable {
  public enum Storage: Hashable, Sendable {
    case float32([Float])
    case int32([Int32])
  }

  public let shape: Shape
  public let storage: Storage

  public init(_ values: [Float], _ shape: Shape) {
    self.shape = shape
    self.storage = .float32(values)
  }

  public init(_ values: [Int32], _ shape: Shape) {
    self.shape = shape
    self.storage = .int32(values)
  }

  public var type: TensorType {
    switch storage {
    case .float32: TensorType(shape, .float32)
    case .int32: TensorType(shape, .int32)
    }
  }

  /// The value of a `float32` scalar.
  public var scalar: Float? {
    guard shape.count == 1, case .float32(let values) = storage else { return nil }
    return values.first
  }
}

/// Element-by-element operators of one operand. Raw values are the names in listings and in the binary form.
public enum Unary: String, Hashable, Sendable, CaseIterable {
  case negate, exp, log, log1p, tanh, sigmoid, relu, sqrt, rsqrt, reciprocal, abs, sign, erf, sin, cos, floor, square
  case softplus
}

/// Element-by-element operators of two operands. Comparisons give 1 or 0 as `float32`.
public enum Binary: String, Hashable, Sendable, CaseIterable {
  case add, subtract, multiply, divide, power, maximum, minimum, less, lessOrEqual, equal

  var isComparison: Bool { self == .less || self == .lessOrEqual || self == .equal }
}

/// How ``Operation/reduce(_:axes:keepingDimensions:)`` folds.
public enum Reduction: String, Hashable, Sendable, CaseIterable {
  case sum, maximum
}
