extension Operation {
  /// The derivative rule: cotangents of the operands from the cotangent of the result, nil where none flows.
  func pullback(_ x: [Tensor], _ y: Tensor, _ g: Tensor) -> [Tensor?] {
    switch self {
    case .unary(let unary): [unary.pullback(x[0], y, g)]
    case .binary(let binary): binary.pullback(x[0], x[1], y, g)
    case .select:
      [
        nil, FluxionCalculus.select(x[0], g, 0).summed(to: x[1].shape),
        FluxionCalculus.select(x[0], 0, g).summed(to: x[2].shape),
      ]
    case .reduce, .broadcast, .reshape, .transpose, .slice, .pad, .concatenate: shapingPullback(x, y, g)
    case .gather: [scatterAdd_(g, x[1], rows: x[0].shape[0]), nil]
    case .scatterAdd: [nil, FluxionCalculus.gather(g, x[0])]
    case .matmul(let transposeA, let transposeB): matmulPullback(x[0], x[1], g, transposeA, transposeB)
    case .conv2D, .conv2DInputGradient, .conv2DFilterGradient: convolutionPullback(x[0], x[1], g)
    case .maxPool2D(let window): [.apply(.maxPool2DScatter(window), [x[0], g])]
    // Which element is the maximum does not change under a small change of `x`, so `x` itself gets nothing.
    case .maxPool2DScatter(let window): [nil, .apply(.maxPool2DGather(window), [x[0], g])]
    case .maxPool2DGather(let window): [nil, .apply(.maxPool2DScatter(window), [x[0], g])]
    case .averagePool2D(let window):
      [.apply(.averagePool2DGradient(window, height: x[0].shape[1], width: x[0].shape[2]), [g])]
    case .averagePool2DGradient(let window, _, _): [.apply(.averagePool2D(window), [g])]
    case .logSoftmax: [g - FluxionCalculus.exp(y) * g.rowSum()]
    case .softmax: [y * (g - (g * y).rowSum())]
    case .softmaxCrossEntropy: [.apply(.softmaxCrossEntropyGradient, [x[0], x[1], g]), nil]
    case .softmaxCrossEntropyGradient: crossEntropyGradientPullback(x[0], x[1], x[2], g)
    case .convert(let element): [element == .float32 && x[0].element == .float32 ? g : nil]
    case .literal, .oneHot, .argmax, .stopGradient, .randomUniform: x.map { _ in nil }
    }
  }

  private func scatterAdd_(_ values: Tensor, _ indices: Tensor, rows: Int) -> Tensor {
    FluxionCalculus.scatterAdd(values, indices, rows: rows)
  }

  private func shapingPullback(_ x: [Tensor], _ y: Tensor, _ g: Tensor) -> [Tensor?] {
    switch self {
    case .reduce(let reduction, let axes, _):
      let kept = x[0].shape.reducing(axes, keepingDimensions: true)
      let spread = g.reshaped(to: kept).broadcast(to: x[0].shape)
      guard reduction == .maximum else { return [spread] }
      let winners = x[0] .== y.reshaped(to: kept)
      return [spread * winners / winners.sum(axes: axes, keepingDimensions: true)]
    case .broadcast: return [g.summed(to: x[0].shape)]
    case .reshape: return [g.reshaped(to: x[0].shape)]
    case .transpose(let permutation):
      var inverse = permutation
      for (axis, source) in permutation.enumerated() { inverse[source] = axis }
      return [g.transposed(inverse)]
    case .slice(let starts, let sizes):
      let after = zip(x[0].shape.dimensions, zip(starts, sizes)).map { $0 - $1.0 - $1.1 }
      return [g.padded(low: starts, high: after)]
    case .pad(let low, _): return [g.slice(from: low, sizes: x[0].shape.dimensions)]
    case .concatenate(let axis):
      var start = 0
      return x.map { operand in
        defer { start += operand.shape[axis] }
        return g.slice(axis: axis, from: start, count: operand.shape[axis])
      }
    default: return x.map { _ in nil }
    }
  }

  private func matmulPullback(_ a: Tensor, _ b: Tensor, _ g: Tensor, _ ta: Bool, _ tb: Bool) -> [Tensor?] {
    [
      ta
        ? FluxionCalculus.matmul(b, g, transposeA: tb, transposeB: true)
        : FluxionCalculus.matmul(g, b, transposeB: !tb),
      tb
        ? FluxionCalculus.matmul(g, a, transposeA: true, transposeB: ta)
        : FluxionCalculus.matmul(a, g, transposeA: !ta),
    ]
  }

  /// Convolution is bilinear, and so are its adjoints: the three differentiate into each other.
  private func convolutionPullback(_ a: Tensor, _ b: Tensor, _ g: Tensor) -> [Tensor?] {
    func inputGradient(_ dy: Tensor, _ filter: Tensor, _ window: Window, like x: Tensor) -> Tensor {
      .apply(.conv2DInputGradient(window, height: x.shape[1], width: x.shape[2]), [dy, filter])
    }
    switch self {
    case .conv2D(let window):
      return [inputGradient(g, b, window, like: a), .apply(.conv2DFilterGradient(window), [a, g])]
    case .conv2DInputGradient(let window, _, _):
      return [.apply(.conv2D(window), [g, b]), .apply(.conv2DFilterGradient(window), [g, a])]
    case .conv2DFilterGradient(let window):
      return [inputGradient(b, g, window, like: a), .apply(.conv2D(window), [a, g])]
    default: return [nil, nil]
    }
  }

  private func crossEntropyGradientPullback(
    _ logits: Tensor, _ labels: Tensor, _ weights: Tensor, _ g: Tensor
  ) -> [Tensor?] {
    let probabilities = FluxionCalculus.softmax(logits)
    let axis = logits.shape.rank - 1
    let residual = probabilities - FluxionCalculus.oneHot(labels, depth: logits.shape[axis])
    let column = weights.reshaped(to: logits.shape.reducing([axis], keepingDimensions: true))
    return [
      column * probabilities * (g - (g * probabilities).rowSum()), nil, (residual * g).sum(axes: [axis]),
    ]
  }
}

extension Tensor {
  /// The sum over the last axis, kept with extent 1.
  fileprivate func rowSum() -> Tensor { sum(axes: [shape.rank - 1], keepingDimensions: true) }
}

extension Unary {
  fileprivate func pullback(_ x: Tensor, _ y: Tensor, _ g: Tensor) -> Tensor? {
    switch self {
    case .negate: -g
    case .exp: g * y
    case .log: g / x
    case .log1p: g / (1 + x)
    case .tanh: g * (1 - FluxionCalculus.square(y))
    case .sigmoid: g * (y * (1 - y))
    // A select, not a product: an infinite cotangent must not become NaN where it is masked. The mask reads the
    // result, not the operand, so that `x` need not be kept when the product before it is fused with the relu.
    case .relu: FluxionCalculus.select(0 .< y, g, 0)
    // 0 at 0. What a root is taken of cannot be negative, so where it is 0 it does not move either: the second moment of
    // a parameter without a gradient. The infinite slope would make NaN of that.
    case .sqrt: g * FluxionCalculus.select(0 .< y, 0.5 / FluxionCalculus.select(0 .< y, y, 1), 0)
    case .rsqrt: g * (-0.5 * (y * FluxionCalculus.square(y)))
    case .reciprocal: g * -FluxionCalculus.square(y)
    case .abs: g * FluxionCalculus.sign(x)
    case .erf: g * (1.128_379_167 * FluxionCalculus.exp(-FluxionCalculus.square(x)))
    case .sin: g * FluxionCalculus.cos(x)
    case .cos: g * -FluxionCalculus.sin(x)
    case .square: g * (2 * x)
    case .softplus: g * FluxionCalculus.sigmoid(x)
    case .sign, .floor: nil
    }
  }
}

extension Binary {
  /// `b − 1`, but 1 where `aᵇ` is 0⁰: its derivative `0 · 0⁻¹` would be NaN, and is to be 0.
  private func lowered(_ b: Tensor, at a: Tensor) -> Tensor {
    if case .operation(.literal(let literal)) = b.node.source, let exponent = literal.scalar {
      return exponent == 0 ? 1 : b - 1
    }
    return FluxionCalculus.select((a .== 0) * (b .== 0), 1, b - 1)
  }

  fileprivate func pullback(_ a: Tensor, _ b: Tensor, _ y: Tensor, _ g: Tensor) -> [Tensor?] {
    let (da, db): (Tensor?, Tensor?) =
      switch self {
      case .add: (g, g)
      case .subtract: (g, -g)
      case .multiply: (g * b, g * a)
      case .divide: (g / b, -(g * y / b))
      case .power:
        (
          g * (b * pow(a, lowered(b, at: a))),
          // The inner select keeps log a finite, whose own derivative would be 0 · ∞ where it is masked.
          g * FluxionCalculus.select(0 .< a, y * FluxionCalculus.log(FluxionCalculus.select(0 .< a, a, 1)), 0)
        )
      case .maximum: (g * (b .< a) + g * (0.5 * (a .== b)), g * (a .< b) + g * (0.5 * (a .== b)))
      case .minimum: (g * (a .< b) + g * (0.5 * (a .== b)), g * (b .< a) + g * (0.5 * (a .== b)))
      case .less, .lessOrEqual, .equal: (nil, nil)
      }
    return [da?.summed(to: a.shape), db?.summed(to: b.shape)]
  }
}
