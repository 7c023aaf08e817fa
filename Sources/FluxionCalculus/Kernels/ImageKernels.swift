import CFluxionKernels

extension fx_conv {
  /// The geometry of a convolution of `x [n, h, w, c]` to `f` filters; nil where an extent exceeds the kernels'.
  init?(_ window: Window, x: Shape, filters: Int) {
    guard let output = window.outputSize(height: x[1], width: x[2]),
      (x.dimensions + [filters, window.kernelHeight, window.kernelWidth]).allSatisfy({ $0 <= Int(Int32.max) })
    else { return nil }
    self.init(
      n: Int32(x[0]), h: Int32(x[1]), w: Int32(x[2]), c: Int32(x[3]),
      kh: Int32(window.kernelHeight), kw: Int32(window.kernelWidth), f: Int32(filters),
      sh: Int32(window.strideHeight), sw: Int32(window.strideWidth),
      pt: Int32(window.top), pb: Int32(window.bottom), pl: Int32(window.left), pr: Int32(window.right),
      oh: Int32(output.height), ow: Int32(output.width))
  }
}

extension fx_pool {
  /// The geometry of pooling `x [n, h, w, c]`; nil where an extent exceeds the kernels'.
  init?(_ window: Window, x: Shape) {
    guard let shape = fx_conv(window, x: x, filters: 1) else { return nil }
    self.init(
      n: shape.n, h: shape.h, w: shape.w, c: shape.c, kh: shape.kh, kw: shape.kw, sh: shape.sh, sw: shape.sw,
      pt: shape.pt, pb: shape.pb, pl: shape.pl, pr: shape.pr, oh: shape.oh, ow: shape.ow)
  }
}

/// Pooling and its adjoints.
final class PoolingKernel: Kernel {
  enum Kind { case maximum, maximumScatter, maximumGather, average, averageGradient }

  private let kind: Kind
  private let shape: fx_pool
  private let operands: [Location]
  private let result: Location

  init(_ kind: Kind, _ shape: fx_pool, operands: [Location], result: Location) {
    (self.kind, self.shape, self.operands, self.result) = (kind, shape, operands, result)
  }

  func run(_ memory: Memory) {
    var shape = shape
    let (x, y) = (operands[0].floats(memory), result.floats(memory))
    switch kind {
    case .maximum: fx_max_pool(&shape, x, y)
    case .maximumScatter: fx_max_pool_scatter(&shape, x, operands[1].floats(memory), y)
    case .maximumGather: fx_max_pool_gather(&shape, x, operands[1].floats(memory), y)
    case .average: fx_avg_pool(&shape, x, y)
    case .averageGradient: fx_avg_pool_gradient(&shape, x, y)
    }
  }
}
