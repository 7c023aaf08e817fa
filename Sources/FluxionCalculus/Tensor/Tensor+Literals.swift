extension Tensor {
  /// A scalar constant.
  public init(_ value: Float) { self = .apply(.literal(Literal([value], .scalar)), []) }

  /// A dense constant, in row-major order.
  public init(_ values: [Float], shape: Shape) { self = .apply(.literal(Literal(values, shape)), []) }

  /// A dense constant of integers.
  public init(_ values: [Int32], shape: Shape) { self = .apply(.literal(Literal(values, shape)), []) }

  /// One value everywhere.
  public static func full(_ value: Float, _ shape: Shape) -> Tensor { Tensor(value).broadcast(to: shape) }

  public static func zeros(_ shape: Shape) -> Tensor { .full(0, shape) }

  public static func ones(_ shape: Shape) -> Tensor { .full(1, shape) }
}

extension Tensor: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Float) { self.init(value) }
}

extension Tensor: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(Float(value)) }
}
