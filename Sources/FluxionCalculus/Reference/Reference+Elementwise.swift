import Foundation

extension Unary {
  func reference(_ x: Double) -> Double {
    switch self {
    case .negate: -x
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .log1p: Foundation.log1p(x)
    case .tanh: Foundation.tanh(x)
    // e⁻ˣ overflows to infinity for a very negative x, and 1 / ∞ is the 0 that is wanted.
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .relu: x < 0 ? 0 : x
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .reciprocal: 1 / x
    case .abs: Swift.abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? x : 0
    case .erf: Foundation.erf(x)
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .floor: x.rounded(.down)
    case .square: x * x
    // log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)
    case .softplus: (x < 0 ? 0 : x) + Foundation.log1p(Foundation.exp(-Swift.abs(x)))
    }
  }
}

extension Binary {
  func reference(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: Foundation.pow(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    case .minimum: a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .equal: a == b ? 1 : 0
    }
  }
}

extension Reference {
  /// Truncation toward zero; what an integer type cannot hold becomes its nearest bound, and NaN becomes 0.
  static func convert(_ x: ReferenceValue, _ type: TensorType) -> ReferenceValue {
    let bounds: ClosedRange<Double>
    switch type.element {
    case .float32: return ReferenceValue(x.elements, type.shape)
    case .int32: bounds = Double(Int32.min)...Double(Int32.max)
    case .uint8: bounds = 0...255
    }
    let elements = x.elements.map {
      $0.isNaN ? 0 : min(max($0.rounded(.towardZero), bounds.lowerBound), bounds.upperBound)
    }
    return ReferenceValue(elements, type.shape, type.element)
  }

  /// Element `i` is word `i mod 4` of Philox4x32-10(counter = (⌊i/4⌋, stream), key), its upper 24 bits over 2²⁴.
  static func randomUniform(_ key: ReferenceValue, _ stream: UInt64, _ type: TensorType) -> ReferenceValue {
    let words = key.elements.map { UInt32(truncatingIfNeeded: Int64($0)) }
    let elements = (0..<type.shape.count).map { i in
      let position = UInt64(i / 4)
      let counter = SIMD4(
        UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32),
        UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
      let block = Philox.block(counter: counter, key: RandomKey(low: words[0], high: words[1]))
      return Double(block[i % 4] >> 8) / 16_777_216
    }
    return ReferenceValue(elements, type.shape)
  }
}
