extension Tensor {
  func unary(_ unary: Unary) -> Tensor { .apply(.unary(unary), [self]) }

  static func binary(_ binary: Binary, _ a: Tensor, _ b: Tensor) -> Tensor { .apply(.binary(binary), [a, b]) }

  public static prefix func - (x: Tensor) -> Tensor { x.unary(.negate) }

  public static func + (a: Tensor, b: Tensor) -> Tensor { .binary(.add, a, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { .binary(.subtract, a, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { .binary(.multiply, a, b) }
  public static func / (a: Tensor, b: Tensor) -> Tensor { .binary(.divide, a, b) }

  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }

  /// Comparisons, element by element: 1 where they hold, 0 elsewhere, as `float32`.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { .binary(.less, a, b) }
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { .binary(.lessOrEqual, a, b) }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { .binary(.less, b, a) }
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { .binary(.lessOrEqual, b, a) }
  public static func .== (a: Tensor, b: Tensor) -> Tensor { .binary(.equal, a, b) }
}

/// `eˣ`
public func exp(_ x: Tensor) -> Tensor { x.unary(.exp) }
/// The natural logarithm.
public func log(_ x: Tensor) -> Tensor { x.unary(.log) }
/// `log(1 + x)`, exact near zero.
public func log1p(_ x: Tensor) -> Tensor { x.unary(.log1p) }
public func tanh(_ x: Tensor) -> Tensor { x.unary(.tanh) }
/// `1 / (1 + e⁻ˣ)`
public func sigmoid(_ x: Tensor) -> Tensor { x.unary(.sigmoid) }
/// `max(x, 0)`; its derivative at 0 is 0.
public func relu(_ x: Tensor) -> Tensor { x.unary(.relu) }
public func sqrt(_ x: Tensor) -> Tensor { x.unary(.sqrt) }
/// `1 / √x`
public func rsqrt(_ x: Tensor) -> Tensor { x.unary(.rsqrt) }
/// `1 / x`
public func reciprocal(_ x: Tensor) -> Tensor { x.unary(.reciprocal) }
/// `|x|`; its derivative at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { x.unary(.abs) }
/// −1, 0 or 1; its derivative is 0 everywhere.
public func sign(_ x: Tensor) -> Tensor { x.unary(.sign) }
/// The error function.
public func erf(_ x: Tensor) -> Tensor { x.unary(.erf) }
public func sin(_ x: Tensor) -> Tensor { x.unary(.sin) }
public func cos(_ x: Tensor) -> Tensor { x.unary(.cos) }
/// The largest integer not above; its derivative is 0 everywhere.
public func floor(_ x: Tensor) -> Tensor { x.unary(.floor) }
public func square(_ x: Tensor) -> Tensor { x.unary(.square) }
/// `log(1 + eˣ)`, without overflow.
public func softplus(_ x: Tensor) -> Tensor { x.unary(.softplus) }
/// `x Φ(x)` with the exact normal distribution function (Hendrycks and Gimpel 2016, arXiv 1606.08415).
public func gelu(_ x: Tensor) -> Tensor { 0.5 * x * (1 + erf(x * 0.707_106_77)) }
/// `xʸ`; for negative `x` only integer `y` gives a number.
public func pow(_ x: Tensor, _ y: Tensor) -> Tensor { .binary(.power, x, y) }
/// The larger of the two; at ties each has half of the derivative.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { .binary(.maximum, a, b) }
/// The smaller of the two; at ties each has half of the derivative.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { .binary(.minimum, a, b) }
/// `a` where the condition is not zero, else `b`; no derivative flows into the condition.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor { .apply(.select, [condition, a, b]) }
/// The value itself, taken as a constant by differentiation.
public func stopGradient(_ x: Tensor) -> Tensor { .apply(.stopGradient, [x]) }
