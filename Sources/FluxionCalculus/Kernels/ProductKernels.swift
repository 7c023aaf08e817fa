import CFluxionKernels

/// A matrix product, batched over leading axes, with an optional bias and relu on the way out.
final class MatmulKernel: Kernel {
  struct Geometry {
    let batch: Int
    let m: Int32
    let n: Int32
    let k: Int32
    let transposeA: Bool
    let transposeB: Bool

    var scratchByteCount: Int { fx_sgemm_scratch_bytes(transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k) }
    /// The distance between rows as stored.
    var strideA: Int32 { max(transposeA ? m : k, 1) }
    var strideB: Int32 { max(transposeB ? k : n, 1) }
  }

  private let geometry: Geometry
  private let a: Location
  private let b: Location
  private let bias: Location?
  private let relu: Bool
  private let result: Location
  private let scratch: Location

  init(_ geometry: Geometry, a: Location, b: Location, bias: Location?, relu: Bool, result: Location, scratch: Location)
  {
    (self.geometry, self.a, self.b, self.bias, self.relu) = (geometry, a, b, bias, relu)
    (self.result, self.scratch) = (result, scratch)
  }

  func run(_ memory: Memory) {
    var epilogue = fx_epilogue(bias: bias.map { UnsafePointer($0.floats(memory)) }, relu: relu ? 1 : 0)
    let (m, n, k) = (Int(geometry.m), Int(geometry.n), Int(geometry.k))
    for index in 0..<geometry.batch {
      fx_sgemm_ep(
        geometry.transposeA ? 1 : 0, geometry.transposeB ? 1 : 0, geometry.m, geometry.n, geometry.k, 1,
        a.floats(memory) + index * m * k, geometry.strideA, b.floats(memory) + index * k * n, geometry.strideB,
        0, result.floats(memory) + index * m * n, max(geometry.n, 1), &epilogue, scratch.pointer(memory))
    }
  }
}

/// `w ← w − rate · a b`: the gradient of a dense weight goes straight into the weight.
final class MatmulDescentKernel: Kernel {
  private let geometry: MatmulKernel.Geometry
  private let a: Location
  private let b: Location
  private let rate: Location
  private let parameter: Location
  private let scratch: Location

  init(
    _ geometry: MatmulKernel.Geometry, a: Location, b: Location, rate: Location, parameter: Location, scratch: Location
  ) {
    (self.geometry, self.a, self.b) = (geometry, a, b)
    (self.rate, self.parameter, self.scratch) = (rate, parameter, scratch)
  }

  func run(_ memory: Memory) {
    fx_sgemm(
      geometry.transposeA ? 1 : 0, geometry.transposeB ? 1 : 0, geometry.m, geometry.n, geometry.k,
      -rate.floats(memory).pointee, a.floats(memory), geometry.strideA, b.floats(memory), geometry.strideB,
      1, parameter.floats(memory), max(geometry.n, 1), scratch.pointer(memory))
  }
}

/// A convolution, with an optional bias and relu on the way out.
final class ConvolutionKernel: Kernel {
  private let shape: fx_conv
  private let x: Location
  private let filter: Location
  private let bias: Location?
  private let relu: Bool
  private let result: Location
  private let scratch: Location

  init(
    _ shape: fx_conv, x: Location, filter: Location, bias: Location?, relu: Bool, result: Location, scratch: Location
  ) {
    (self.shape, self.x, self.filter, self.bias, self.relu) = (shape, x, filter, bias, relu)
    (self.result, self.scratch) = (result, scratch)
  }

  func run(_ memory: Memory) {
    var shape = shape
    var epilogue = fx_epilogue(bias: bias.map { UnsafePointer($0.floats(memory)) }, relu: relu ? 1 : 0)
    fx_conv2d(
      &shape, x.floats(memory), filter.floats(memory), &epilogue, result.floats(memory), scratch.pointer(memory))
  }
}

/// The adjoint of a convolution in its input.
final class ConvolutionInputGradientKernel: Kernel {
  private let shape: fx_conv
  private let dy: Location
  private let filter: Location
  private let result: Location
  private let scratch: Location

  init(_ shape: fx_conv, dy: Location, filter: Location, result: Location, scratch: Location) {
    (self.shape, self.dy, self.filter, self.result, self.scratch) = (shape, dy, filter, result, scratch)
  }

  func run(_ memory: Memory) {
    var shape = shape
    fx_conv2d_input_gradient(
      &shape, dy.floats(memory), filter.floats(memory), result.floats(memory), scratch.pointer(memory))
  }
}

/// The adjoint of a convolution in its filter; with a rate, a descent step over the filter itself.
final class ConvolutionFilterGradientKernel: Kernel {
  private let shape: fx_conv
  private let x: Location
  private let dy: Location
  private let rate: Location?
  private let result: Location
  private let scratch: Location

  init(_ shape: fx_conv, x: Location, dy: Location, rate: Location?, result: Location, scratch: Location) {
    (self.shape, self.x, self.dy, self.rate, self.result, self.scratch) = (shape, x, dy, rate, result, scratch)
  }

  func run(_ memory: Memory) {
    var shape = shape
    let scale = rate.map { -$0.floats(memory).pointee } ?? 1
    fx_conv2d_filter_gradient(
      &shape, x.floats(memory), dy.floats(memory), scale, rate == nil ? 0 : 1, result.floats(memory),
      scratch.pointer(memory))
  }
}
