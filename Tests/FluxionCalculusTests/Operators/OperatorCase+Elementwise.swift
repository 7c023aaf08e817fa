@testable import FluxionCalculus

extension OperatorCase {
  static let elementwise: [OperatorCase] = unaries + binaries + selections + conversions

  private static let unaries: [OperatorCase] = Unary.allCases.map { unary in
    OperatorCase("unary \(unary)", .unary(unary), [argument(of: unary, [2, 3])])
  }

  private static func argument(of unary: Unary, _ shape: Shape) -> Argument {
    switch unary {
    case .log, .sqrt, .rsqrt: .uniform(shape, 0.3...3)
    case .log1p: .uniform(shape, -0.6...2)
    case .reciprocal, .relu, .abs, .sign: .signed(shape)
    case .floor: .fractional(shape)
    case .negate, .exp, .tanh, .sigmoid, .erf, .sin, .cos, .square, .softplus: .uniform(shape)
    }
  }

  /// Equal shapes, each side and both sides broadcast, scalars, and extents of 0.
  private static let shapePairs: [(Shape, Shape)] = [
    ([2, 3], [2, 3]), ([2, 3], [3]), ([3], [2, 3]), ([2, 1], [3]), ([2, 1, 2], [3, 1]), ([2, 2], []), ([], []),
    ([1, 3], [2, 3]), ([0, 3], [3]), ([2, 0], [2, 1]),
  ]

  private static let binaries: [OperatorCase] = Binary.allCases.flatMap { binary in
    shapePairs.map { a, b in
      OperatorCase("binary \(binary) \(a) with \(b)", .binary(binary), arguments(of: binary, a, b))
    }
  }

  private static func arguments(of binary: Binary, _ a: Shape, _ b: Shape) -> [Argument] {
    switch binary {
    case .add, .subtract, .multiply: [.uniform(a), .uniform(b)]
    case .divide: [.uniform(a), .signed(b)]
    case .power: [.uniform(a, 0.3...2), .uniform(b)]
    case .maximum, .minimum, .less, .lessOrEqual, .equal: [.distinct(a, offset: 0), .distinct(b)]
    }
  }

  private static let selections: [OperatorCase] = [
    ([2, 3], [2, 3], [2, 3]), ([2, 1], [3], []), ([], [2], [2, 1]), ([0, 2], [2], [1, 1]),
  ].map { (condition: Shape, a: Shape, b: Shape) in
    let bits: [Int32] = (0..<condition.count).map { $0 % 3 == 1 ? 0 : Int32($0 + 1) }
    return OperatorCase(
      "select \(condition) between \(a) and \(b)", [.integers(bits, condition), .uniform(a), .uniform(b)]
    ) { select($0[0].converted(to: .float32), $0[1], $0[2]) }
  }

  private static let conversions: [OperatorCase] =
    ElementType.allCases.map { target in
      OperatorCase("convert float32 to \(target)", .convert(target), [.fractional([2, 3])])
    }
    + ElementType.allCases.flatMap { target in
      [ElementType.int32, .uint8].map { source in
        OperatorCase("convert \(source) to \(target)", .convert(target), [.integers([0, 3, 250, 7], [2, 2], source)])
      }
    }
}
