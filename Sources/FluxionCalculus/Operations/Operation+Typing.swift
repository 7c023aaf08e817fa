extension Operation {
  /// The largest number of elements a value may have: enough for any model here, small enough that sizes in bytes and
  /// strides cannot overflow, whoever wrote the program.
  static let maximumElementCount = 1 << 34

  /// The type of the result, or an error that names the operator and the operands' types.
  ///
  /// This is the one place where shapes are checked: tracing calls it for every operator written in Swift, and the
  /// decoder calls it for every instruction that arrives from outside.
  func resultType(of operands: [TensorType]) throws(FluxionError) -> TensorType {
    let result: TensorType
    switch self {
    case .literal(let literal): result = try literalType(literal, operands)
    case .unary: result = try floats(operands, 1)[0]
    case .binary: result = try broadcast(try floats(operands, 2))
    case .select: result = try broadcast(try floats(operands, 3))
    case .reduce(_, let axes, let keeping): result = try reducedType(try floats(operands, 1)[0], axes, keeping)
    case .broadcast, .reshape, .transpose, .slice, .pad, .concatenate:
      result = try shapingType(operands)
    case .gather, .scatterAdd, .oneHot, .argmax: result = try indexingType(operands)
    case .matmul(let transposeA, let transposeB):
      result = try matmulType(try floats(operands, 2), transposeA, transposeB)
    case .conv2D, .conv2DInputGradient, .conv2DFilterGradient: result = try convolutionType(try floats(operands, 2))
    case .maxPool2D, .maxPool2DScatter, .maxPool2DGather, .averagePool2D, .averagePool2DGradient:
      result = try poolingType(operands)
    case .logSoftmax, .softmax: result = try rows(try floats(operands, 1)[0])
    case .softmaxCrossEntropy, .softmaxCrossEntropyGradient: result = try crossEntropyType(operands)
    case .convert(let element): result = TensorType(try count(operands, 1)[0].shape, element)
    case .stopGradient: result = try floats(operands, 1)[0]
    case .randomUniform(let shape, _):
      guard try count(operands, 1)[0] == TensorType([2], .int32) else {
        throw mismatch(operands, "takes a key of type int32[2]")
      }
      result = TensorType(shape)
    }
    return try bounded(result, operands)
  }

  /// An error that names the operator, what it takes, and what it was given.
  func mismatch(_ operands: [TensorType], _ takes: String) -> FluxionError {
    let given = operands.isEmpty ? "nothing" : operands.map(\.description).joined(separator: " and ")
    return FluxionError(.shapeMismatch, "\(name) \(takes); it was given \(given)")
  }

  private func bounded(_ type: TensorType, _ operands: [TensorType]) throws(FluxionError) -> TensorType {
    guard Self.isBounded(type.shape) else {
      throw mismatch(operands, "would give \(type), which has a negative extent or is too large")
    }
    return type
  }

  /// Whether a value of a shape may stand in a program.
  static func isBounded(_ shape: Shape) -> Bool {
    var count = 1
    for extent in shape.dimensions {
      // An extent of 0 does not make the others small: strides are products too.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow, product <= maximumElementCount else { return false }
      count = product
    }
    return true
  }

  private func count(_ operands: [TensorType], _ expected: Int) throws(FluxionError) -> [TensorType] {
    guard operands.count == expected else {
      throw mismatch(operands, "takes \(expected) operand\(expected == 1 ? "" : "s")")
    }
    return operands
  }

  private func floats(_ operands: [TensorType], _ expected: Int) throws(FluxionError) -> [TensorType] {
    for operand in try count(operands, expected) where operand.element != .float32 {
      throw mismatch(operands, "takes float32 operands")
    }
    return operands
  }

  private func rows(_ type: TensorType) throws(FluxionError) -> TensorType {
    guard let last = type.shape.last, last > 0 else { throw mismatch([type], "needs a last axis that is not empty") }
    return type
  }

  private func literalType(_ literal: Literal, _ operands: [TensorType]) throws(FluxionError) -> TensorType {
    let type = try bounded(literal.type, try count(operands, 0))
    let stored =
      switch literal.storage {
      case .float32(let values): values.count
      case .int32(let values): values.count
      }
    guard stored == type.shape.count else {
      throw FluxionError(
        .shapeMismatch, "literal of shape \(type.shape) needs \(type.shape.count) values, not \(stored)")
    }
    return type
  }

  private func broadcast(_ operands: [TensorType]) throws(FluxionError) -> TensorType {
    var shape = Shape.scalar
    for operand in operands {
      guard let joined = shape.broadcast(with: operand.shape) else {
        throw mismatch(operands, "needs shapes that broadcast (equal extents, or 1, counted from the last axis)")
      }
      shape = joined
    }
    return TensorType(shape)
  }

  private func reducedType(_ type: TensorType, _ axes: [Int], _ keeping: Bool) throws(FluxionError) -> TensorType {
    var previous = -1
    for axis in axes {
      guard axis > previous, axis < type.shape.rank else {
        throw mismatch([type], "needs increasing axes of its operand, not \(axes)")
      }
      previous = axis
    }
    if case .reduce(.maximum, _, _) = self, axes.contains(where: { type.shape[$0] == 0 }) {
      throw mismatch([type], "has no maximum over an empty axis")
    }
    return TensorType(type.shape.reducing(axes, keepingDimensions: keeping))
  }

  private func matmulType(
    _ operands: [TensorType], _ transposeA: Bool, _ transposeB: Bool
  ) throws(FluxionError) -> TensorType {
    let (a, b) = (operands[0].shape.dimensions, operands[1].shape.dimensions)
    let transposed = [transposeA ? "first" : nil, transposeB ? "second" : nil].compactMap { $0 }
    let note = transposed.isEmpty ? "" : " (\(transposed.joined(separator: " and ")) transposed)"
    guard a.count >= 2, a.count == b.count, a.dropLast(2) == b.dropLast(2) else {
      throw mismatch(operands, "takes [batch…, m, k] and [batch…, k, n]\(note)")
    }
    let (m, k) = transposeA ? (a[a.count - 1], a[a.count - 2]) : (a[a.count - 2], a[a.count - 1])
    let (l, n) = transposeB ? (b[b.count - 1], b[b.count - 2]) : (b[b.count - 2], b[b.count - 1])
    guard k == l else {
      throw mismatch(operands, "needs equal inner extents, not \(k) and \(l)\(note)")
    }
    return TensorType(Shape(Array(a.dropLast(2)) + [m, n]))
  }

  private func crossEntropyType(_ operands: [TensorType]) throws(FluxionError) -> TensorType {
    let gradient = self == .softmaxCrossEntropyGradient
    let takes = "takes logits [r…, classes] and labels int32 [r…]" + (gradient ? " and weights [r…]" : "")
    guard try count(operands, gradient ? 3 : 2)[0].element == .float32, operands[0].shape.rank >= 1 else {
      throw mismatch(operands, takes)
    }
    let logits = try rows(operands[0])
    let outer = Shape(Array(logits.shape.dimensions.dropLast()))
    guard operands[1] == TensorType(outer, .int32), !gradient || operands[2] == TensorType(outer) else {
      throw mismatch(operands, takes)
    }
    return gradient ? logits : TensorType(outer)
  }
}
