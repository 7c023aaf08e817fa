extension Simplifier {
  enum Rewrite {
    case unchanged
    case value(Int)
    case replaced(Operation, [Int])
  }

  func rewrite(_ operation: Operation, _ operands: [Int]) -> Rewrite {
    switch operation {
    case .unary(let unary): rewriteUnary(unary, operands[0])
    case .binary(let binary): rewriteBinary(binary, operands)
    case .select: rewriteSelect(operands)
    case .reshape(let shape): rewriteReshape(shape, operands[0])
    case .transpose(let permutation): rewriteTranspose(permutation, operands[0])
    case .broadcast(let shape): type(of: operands[0]).shape == shape ? .value(operands[0]) : .unchanged
    case .reduce(_, let axes, let keeping): rewriteReduce(axes, keeping, operands[0])
    case .matmul(let transposeA, let transposeB): rewriteMatmul(transposeA, transposeB, operands)
    case .convert(let element): type(of: operands[0]).element == element ? .value(operands[0]) : .unchanged
    // Differentiation is over: what is left is the identity.
    case .stopGradient: .value(operands[0])
    default: .unchanged
    }
  }

  private func scalar(_ value: Int) -> Float? {
    guard case .literal(let literal) = definition(of: value)?.operation else { return nil }
    return literal.scalar
  }

  /// A literal that is one number everywhere, seen through broadcasts and reshapes.
  private func uniform(_ value: Int) -> Float? {
    guard let definition = definition(of: value) else { return nil }
    switch definition.operation {
    case .literal(let literal): return literal.scalar
    case .broadcast, .reshape: return uniform(definition.operands[0])
    default: return nil
    }
  }

  private func operand(_ unary: Unary, of value: Int) -> Int? {
    guard let definition = definition(of: value), definition.operation == .unary(unary) else { return nil }
    return definition.operands[0]
  }

  private func rewriteUnary(_ unary: Unary, _ x: Int) -> Rewrite {
    if let value = scalar(x), let folded = unary.folded(value) {
      return .replaced(.literal(Literal([folded], type(of: x).shape)), [])
    }
    switch unary {
    case .negate: return operand(.negate, of: x).map(Rewrite.value) ?? .unchanged
    case .relu: return operand(.relu, of: x) != nil ? .value(x) : .unchanged
    default: return .unchanged
    }
  }

  private func rewriteBinary(_ binary: Binary, _ operands: [Int]) -> Rewrite {
    let (a, b) = (operands[0], operands[1])
    let shapes = (type(of: a).shape, type(of: b).shape)
    guard let shape = shapes.0.broadcast(with: shapes.1) else { return .unchanged }
    if shapes.0 == shapes.1, let x = scalar(a), let y = scalar(b), let folded = binary.folded(x, y) {
      return .replaced(.literal(Literal([folded], shape)), [])
    }
    // A literal operand gives way to the other where it changes nothing.
    if shapes.0 == shape, let y = uniform(b) {
      switch (binary, y) {
      case (.multiply, 1), (.divide, 1), (.power, 1): return .value(a)
      case (.add, 0), (.subtract, 0): return .value(a)
      case (.multiply, -1): return .replaced(.unary(.negate), [a])
      case (.power, 2): return .replaced(.unary(.square), [a])
      default: break
      }
    }
    if shapes.1 == shape, let x = uniform(a) {
      switch (binary, x) {
      case (.multiply, 1), (.add, 0): return .value(b)
      case (.multiply, -1), (.subtract, 0): return .replaced(.unary(.negate), [b])
      default: break
      }
    }
    switch binary {
    case .add:
      if let negated = operand(.negate, of: b) { return .replaced(.binary(.subtract), [a, negated]) }
      if let negated = operand(.negate, of: a) { return .replaced(.binary(.subtract), [b, negated]) }
    case .subtract:
      if let negated = operand(.negate, of: b) { return .replaced(.binary(.add), [a, negated]) }
    default: break
    }
    if let narrower = withoutBroadcasts(operands, reaching: shape) { return .replaced(.binary(binary), narrower) }
    return .unchanged
  }

  private func rewriteSelect(_ operands: [Int]) -> Rewrite {
    let shapes = operands.map { type(of: $0).shape }
    guard let joined = shapes[0].broadcast(with: shapes[1]), let shape = joined.broadcast(with: shapes[2]) else {
      return .unchanged
    }
    if operands[1] == operands[2], shapes[1] == shape { return .value(operands[1]) }
    return withoutBroadcasts(operands, reaching: shape).map { .replaced(.select, $0) } ?? .unchanged
  }

  /// Recognises `select(0 < x, maxPool2DScatter(x, g), 0)`: only the maximum of a window gets a cotangent, and it is
  /// positive exactly when the pooled value is.
  func maskedPoolScatter(_ operands: [Int]) -> (window: Window, x: Int, g: Int)? {
    guard let scatter = definition(of: operands[1]), case .maxPool2DScatter(let window) = scatter.operation,
      let mask = definition(of: operands[0]), mask.operation == .binary(.less),
      mask.operands[1] == scatter.operands[0], uniform(mask.operands[0]) == 0, uniform(operands[2]) == 0
    else { return nil }
    return (window, scatter.operands[0], scatter.operands[1])
  }

  /// Elementwise operators broadcast by themselves: explicit broadcasts before them go, as long as the rest of the
  /// operands still reach the shape.
  private func withoutBroadcasts(_ operands: [Int], reaching shape: Shape) -> [Int]? {
    var narrowed = operands
    for (position, operand) in operands.enumerated() {
      guard let definition = definition(of: operand), case .broadcast = definition.operation else { continue }
      var candidate = narrowed
      candidate[position] = definition.operands[0]
      var reached: Shape? = .scalar
      for value in candidate { reached = reached?.broadcast(with: type(of: value).shape) }
      if reached == shape { narrowed = candidate }
    }
    return narrowed == operands ? nil : narrowed
  }

  private func rewriteReshape(_ shape: Shape, _ x: Int) -> Rewrite {
    if type(of: x).shape == shape { return .value(x) }
    guard let definition = definition(of: x) else { return .unchanged }
    switch definition.operation {
    case .reshape: return .replaced(.reshape(shape), definition.operands)
    case .literal(let literal):
      switch literal.storage {
      case .float32(let values): return .replaced(.literal(Literal(values, shape)), [])
      case .int32(let values): return .replaced(.literal(Literal(values, shape)), [])
      }
    // A scalar spread out stays a scalar spread out.
    case .broadcast where type(of: definition.operands[0]).shape == .scalar:
      return .replaced(.broadcast(shape), definition.operands)
    default: return .unchanged
    }
  }

  private func rewriteTranspose(_ permutation: [Int], _ x: Int) -> Rewrite {
    if permutation == Array(permutation.indices) { return .value(x) }
    guard let definition = definition(of: x), case .transpose(let inner) = definition.operation else {
      return .unchanged
    }
    return .replaced(.transpose(permutation.map { inner[$0] }), definition.operands)
  }

  private func rewriteReduce(_ axes: [Int], _ keeping: Bool, _ x: Int) -> Rewrite {
    let shape = type(of: x).shape
    guard axes.allSatisfy({ shape[$0] == 1 }) else { return .unchanged }
    return .replaced(.reshape(shape.reducing(axes, keepingDimensions: keeping)), [x])
  }

  /// A transpose of the last two axes before a product becomes the product's flag.
  private func rewriteMatmul(_ transposeA: Bool, _ transposeB: Bool, _ operands: [Int]) -> Rewrite {
    func untransposed(_ value: Int) -> Int? {
      guard let definition = definition(of: value), case .transpose(let permutation) = definition.operation else {
        return nil
      }
      var swap = Array(permutation.indices)
      swap.swapAt(swap.count - 1, swap.count - 2)
      return permutation == swap ? definition.operands[0] : nil
    }
    let (a, b) = (untransposed(operands[0]), untransposed(operands[1]))
    guard a != nil || b != nil else { return .unchanged }
    return .replaced(
      .matmul(transposeA: transposeA != (a != nil), transposeB: transposeB != (b != nil)),
      [a ?? operands[0], b ?? operands[1]])
  }
}

extension Unary {
  /// The value on a constant, for the operators that are exact enough to fold at compile time.
  fileprivate func folded(_ x: Float) -> Float? {
    switch self {
    case .negate: -x
    case .square: x * x
    case .abs: Swift.abs(x)
    case .reciprocal: 1 / x
    case .sqrt: x.squareRoot()
    case .relu: x > 0 ? x : (x.isNaN ? x : 0)
    default: nil
    }
  }
}

extension Binary {
  fileprivate func folded(_ x: Float, _ y: Float) -> Float? {
    switch self {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .less: x < y ? 1 : 0
    case .lessOrEqual: x <= y ? 1 : 0
    case .equal: x == y ? 1 : 0
    case .power, .maximum, .minimum: nil
    }
  }
}
