import CFluxionKernels

/// Turns scheduled clusters into kernels at fixed places.
struct Lowering {
  let flow: Dataflow
  let plan: BufferPlan
  private(set) var kernels: [any Kernel] = []
  /// The most scratch that a single kernel needs, in bytes; it lies after the values.
  private(set) var scratchByteCount = 0

  init(_ flow: Dataflow, _ schedule: Schedule, _ plan: BufferPlan) throws(FluxionError) {
    self.flow = flow
    self.plan = plan
    for cluster in schedule.clusters {
      if let kernel = try kernel(for: cluster) { kernels.append(kernel) }
    }
  }

  private func location(_ value: Int) -> Location { plan.location(value) }

  private func locations(_ values: [Int]) -> [Location] { values.map(plan.location) }

  private mutating func scratch(_ byteCount: Int) -> Location {
    scratchByteCount = max(scratchByteCount, byteCount)
    return Location(block: BlockNumbering.scratch, byteOffset: plan.valueByteCount)
  }

  private mutating func kernel(for cluster: Cluster) throws(FluxionError) -> (any Kernel)? {
    switch cluster.kind {
    case .elementwise: return try elementwise(cluster)
    case .product(let product): return try self.product(product, result: cluster.writes.first)
    case .descent(let descent): return try self.descent(descent, result: cluster.writes.first)
    case .single: return try cluster.members.first.flatMap { value throws(FluxionError) in try single(value) }
    case .copy(let output):
      let value = cluster.members[0]
      return CopyKernel(
        byteCount: flow.type(value).byteCount, source: location(value),
        destination: Location(block: plan.blocks.output(output), byteOffset: 0))
    }
  }

  private func unsupported(_ value: Int, _ why: String) -> FluxionError {
    FluxionError(.unsupported, "\(flow.operation(value)?.name ?? "input") of type \(flow.type(value)) \(why)")
  }

  private func int32(_ extent: Int, _ value: Int) throws(FluxionError) -> Int32 {
    guard let narrow = Int32(exactly: extent) else { throw unsupported(value, "has an extent beyond 32 bits") }
    return narrow
  }

  private func elementwise(_ cluster: Cluster) throws(FluxionError) -> (any Kernel)? {
    guard let last = cluster.members.last, flow.shape(last).count > 0 else { return nil }
    guard let lowering = ElementwiseLowering(cluster.members, writes: cluster.writes, flow),
      lowering.dimensions.count <= Int(FX_EW_MAX_RANK)
    else { throw unsupported(last, "broadcasts in more than \(FX_EW_MAX_RANK) independent directions") }
    return ElementwiseKernel(
      lowering, loads: lowering.loads.map { location($0.value) }, stores: locations(cluster.writes))
  }

  private func matmulGeometry(_ value: Int) throws(FluxionError) -> MatmulKernel.Geometry? {
    guard case .matmul(let transposeA, let transposeB) = flow.operation(value) else { return nil }
    let shape = flow.shape(value)
    let a = flow.shape(flow.operands(value)[0])
    let (m, n) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let k = transposeA ? a[a.rank - 2] : a[a.rank - 1]
    return MatmulKernel.Geometry(
      batch: Shape(Array(shape.dimensions.dropLast(2))).count, m: try int32(m, value), n: try int32(n, value),
      k: try int32(k, value), transposeA: transposeA, transposeB: transposeB)
  }

  private mutating func product(_ product: Cluster.Product, result: Int?) throws(FluxionError) -> (any Kernel)? {
    guard let result, flow.shape(result).count > 0 else { return nil }
    let operands = flow.operands(product.product)
    let bias = product.bias.map(location)
    if let geometry = try matmulGeometry(product.product) {
      if geometry.k == 0, product.bias == nil, !product.relu { return zero(result) }
      return MatmulKernel(
        geometry, a: location(operands[0]), b: location(operands[1]), bias: bias, relu: product.relu,
        result: location(result), scratch: scratch(geometry.scratchByteCount))
    }
    var shape = try convolution(product.product)
    if case .conv2DFilterGradient = flow.operation(product.product) {
      return filterGradient(shape, operands, rate: nil, result: result)
    }
    return ConvolutionKernel(
      shape, x: location(operands[0]), filter: location(operands[1]), bias: bias, relu: product.relu,
      result: location(result), scratch: scratch(fx_conv2d_scratch_bytes(&shape)))
  }

  private mutating func descent(_ descent: Cluster.Descent, result: Int?) throws(FluxionError) -> (any Kernel)? {
    guard let result, flow.shape(result).count > 0 else { return nil }
    let operands = flow.operands(descent.product)
    guard let geometry = try matmulGeometry(descent.product) else {
      return filterGradient(try convolution(descent.product), operands, rate: location(descent.rate), result: result)
    }
    return MatmulDescentKernel(
      geometry, a: location(operands[0]), b: location(operands[1]), rate: location(descent.rate),
      parameter: location(result), scratch: scratch(geometry.scratchByteCount))
  }

  private mutating func filterGradient(
    _ shape: fx_conv, _ operands: [Int], rate: Location?, result: Int
  ) -> (any Kernel)? {
    var shape = shape
    if shape.n == 0 { return rate == nil ? zero(result) : nil }
    return ConvolutionFilterGradientKernel(
      shape, x: location(operands[0]), dy: location(operands[1]), rate: rate, result: location(result),
      scratch: scratch(fx_conv2d_filter_gradient_scratch_bytes(&shape)))
  }

  private func zero(_ value: Int) -> ZeroKernel {
    ZeroKernel(byteCount: flow.type(value).byteCount, destination: location(value))
  }

  /// The geometry of a convolution or of one of its adjoints.
  private func convolution(_ value: Int) throws(FluxionError) -> fx_conv {
    let shapes = flow.operands(value).map(flow.shape)
    let shape: fx_conv? =
      switch flow.operation(value) {
      case .conv2D(let window): fx_conv(window, x: shapes[0], filters: shapes[1][3])
      case .conv2DInputGradient(let window, _, _): fx_conv(window, x: flow.shape(value), filters: shapes[1][3])
      case .conv2DFilterGradient(let window): fx_conv(window, x: shapes[0], filters: shapes[1][3])
      default: nil
      }
    guard let shape else { throw unsupported(value, "has an extent beyond 32 bits") }
    return shape
  }

  /// The kernel of one instruction that is not fused with others.
  private mutating func single(_ value: Int) throws(FluxionError) -> (any Kernel)? {
    guard let instruction = flow.instruction(value), instruction.type.shape.count > 0 else { return nil }
    let operands = instruction.operands
    switch instruction.operation {
    case .literal, .reshape, .stopGradient, .unary, .binary, .select: return nil
    case .matmul, .conv2D, .conv2DFilterGradient:
      return try product(Cluster.Product(product: value, bias: nil, relu: false), result: value)
    case .conv2DInputGradient:
      var shape = try convolution(value)
      return ConvolutionInputGradientKernel(
        shape, dy: location(operands[0]), filter: location(operands[1]), result: location(value),
        scratch: scratch(fx_conv2d_input_gradient_scratch_bytes(&shape)))
    case .maxPool2D, .maxPool2DScatter, .maxPool2DGather, .averagePool2D, .averagePool2DGradient:
      return try pooling(value)
    case .reduce(let reduction, let axes, _): return reduce(value, reduction, axes)
    case .broadcast, .transpose, .slice, .pad: return try movement(value)
    case .concatenate(let axis): return try concatenation(value, axis)
    default: return try rowKernel(value)
    }
  }

  private func pooling(_ value: Int) throws(FluxionError) -> (any Kernel)? {
    let operands = flow.operands(value)
    let (kind, window, x): (PoolingKernel.Kind, Window, Shape)
    switch flow.operation(value) {
    case .maxPool2D(let own): (kind, window, x) = (.maximum, own, flow.shape(operands[0]))
    case .maxPool2DScatter(let own): (kind, window, x) = (.maximumScatter, own, flow.shape(operands[0]))
    case .maxPool2DGather(let own): (kind, window, x) = (.maximumGather, own, flow.shape(operands[0]))
    case .averagePool2D(let own): (kind, window, x) = (.average, own, flow.shape(operands[0]))
    case .averagePool2DGradient(let own, _, _): (kind, window, x) = (.averageGradient, own, flow.shape(value))
    default: return nil
    }
    guard let shape = fx_pool(window, x: x) else { throw unsupported(value, "has an extent beyond 32 bits") }
    return PoolingKernel(kind, shape, operands: locations(operands), result: location(value))
  }

  private func reduce(_ value: Int, _ reduction: Reduction, _ axes: [Int]) -> any Kernel {
    let operand = flow.operands(value)[0]
    let extents = flow.shape(operand).dimensions
    let (first, last) = (axes.first ?? 0, axes.last ?? -1)
    return ReduceKernel(
      reduction, outer: extents[..<first].reduce(1, *), middle: extents[first..<(last + 1)].reduce(1, *),
      inner: extents[(last + 1)...].reduce(1, *), operand: location(operand), result: location(value))
  }

  private func rowKernel(_ value: Int) throws(FluxionError) -> (any Kernel)? {
    guard let instruction = flow.instruction(value) else { return nil }
    let operands = instruction.operands
    let shape = flow.shape(operands[0])
    switch instruction.operation {
    case .softmax: return SoftmaxKernel(.softmax, logits: shape, operands: locations(operands), result: location(value))
    case .logSoftmax:
      return SoftmaxKernel(.logSoftmax, logits: shape, operands: locations(operands), result: location(value))
    case .softmaxCrossEntropy:
      return SoftmaxKernel(.crossEntropy, logits: shape, operands: locations(operands), result: location(value))
    case .softmaxCrossEntropyGradient:
      let isScalar = Fusion.readsScalarBroadcast(operands[2], by: value, flow)
      let weight = isScalar ? flow.operands(operands[2])[0] : operands[2]
      return CrossEntropyGradientKernel(
        logits: shape, operands: locations([operands[0], operands[1], weight]), isScalarWeight: isScalar,
        result: location(value))
    case .argmax: return ArgmaxKernel(shape, operand: location(operands[0]), result: location(value))
    case .oneHot(let depth):
      return OneHotKernel(rows: shape.count, depth: depth, operand: location(operands[0]), result: location(value))
    case .gather:
      return GatherKernel(
        rows: shape[0], rowCount: Shape(Array(shape.dimensions.dropFirst())).count,
        indexCount: flow.shape(operands[1]).count, table: location(operands[0]), indices: location(operands[1]),
        result: location(value))
    case .scatterAdd(let rows):
      return ScatterAddKernel(
        rows: rows, rowCount: Shape(Array(instruction.type.shape.dimensions.dropFirst())).count,
        indexCount: shape.count, indices: location(operands[0]), values: location(operands[1]),
        result: location(value))
    case .convert(let element):
      return ConvertKernel(
        from: flow.type(operands[0]).element, to: element, count: shape.count, source: location(operands[0]),
        destination: location(value))
    case .randomUniform(_, let stream):
      return RandomUniformKernel(
        count: instruction.type.shape.count, stream: stream, key: location(operands[0]), result: location(value))
    default: throw unsupported(value, "has no kernel")
    }
  }
}
