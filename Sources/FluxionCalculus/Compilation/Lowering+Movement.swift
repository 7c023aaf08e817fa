import CFluxionKernels

extension Lowering {
  /// Operators that copy one box of elements to another.
  func movement(_ value: Int) throws(FluxionError) -> (any Kernel)? {
    guard let instruction = flow.instruction(value) else { return nil }
    let source = instruction.operands[0]
    let (from, to) = (flow.shape(source), instruction.type.shape)
    var box: StridedCopyKernel.Box
    var cleared = 0
    switch instruction.operation {
    case .broadcast:
      let offset = to.rank - from.rank
      let strides = from.strides
      box = StridedCopyKernel.Box(
        dimensions: to.dimensions,
        sourceStrides: (0..<to.rank).map { axis in
          axis < offset || (from[axis - offset] == 1 && to[axis] != 1) ? 0 : strides[axis - offset]
        },
        destinationStrides: to.strides)
    case .transpose(let permutation):
      let strides = from.strides
      box = StridedCopyKernel.Box(
        dimensions: to.dimensions, sourceStrides: permutation.map { strides[$0] }, destinationStrides: to.strides)
    case .slice(let starts, _):
      box = StridedCopyKernel.Box(
        dimensions: to.dimensions, sourceStrides: from.strides, destinationStrides: to.strides,
        sourceOffset: zip(starts, from.strides).map { $0 * $1 }.reduce(0, +))
    case .pad(let low, _):
      cleared = to.count
      if from.count == 0 { return ZeroKernel(byteCount: instruction.type.byteCount, destination: plan.location(value)) }
      box = StridedCopyKernel.Box(
        dimensions: from.dimensions, sourceStrides: from.strides, destinationStrides: to.strides,
        destinationOffset: zip(low, to.strides).map { $0 * $1 }.reduce(0, +))
    default: return nil
    }
    return try copy(&box, clearing: cleared, from: source, to: plan.location(value))
  }

  /// Each operand copied to its part of the result.
  func concatenation(_ value: Int, _ axis: Int) throws(FluxionError) -> (any Kernel)? {
    let to = flow.shape(value)
    var start = 0
    var copies: [any Kernel] = []
    for operand in flow.operands(value) {
      let from = flow.shape(operand)
      if from.count > 0 {
        var box = StridedCopyKernel.Box(
          dimensions: from.dimensions, sourceStrides: from.strides, destinationStrides: to.strides,
          destinationOffset: start * to.strides[axis])
        copies.append(try copy(&box, clearing: 0, from: operand, to: plan.location(value)))
      }
      start += from[axis]
    }
    return SequenceKernel(copies)
  }

  private func copy(
    _ box: inout StridedCopyKernel.Box, clearing count: Int, from source: Int, to destination: Location
  ) throws(FluxionError) -> any Kernel {
    box.merge()
    guard box.dimensions.count <= 8 else {
      throw FluxionError(.unsupported, "a value of type \(flow.type(source)) has too many axes to rearrange")
    }
    return StridedCopyKernel(box, clearing: count, source: plan.location(source), destination: destination)
  }
}

extension StridedCopyKernel.Box {
  /// Drops extents of 1 and merges neighbours that are stepped through as one.
  fileprivate mutating func merge() {
    for axis in dimensions.indices.reversed() where dimensions[axis] == 1 { remove(axis) }
    for axis in dimensions.indices.dropLast().reversed() {
      let inner = dimensions[axis + 1]
      guard sourceStrides[axis] == sourceStrides[axis + 1] * inner,
        destinationStrides[axis] == destinationStrides[axis + 1] * inner
      else { continue }
      dimensions[axis + 1] *= dimensions[axis]
      remove(axis)
    }
  }

  private mutating func remove(_ axis: Int) {
    dimensions.remove(at: axis)
    sourceStrides.remove(at: axis)
    destinationStrides.remove(at: axis)
  }
}

/// Kernels one after the other.
final class SequenceKernel: Kernel {
  private let kernels: [any Kernel]

  init(_ kernels: [any Kernel]) { self.kernels = kernels }

  func run(_ memory: Memory) {
    for kernel in kernels { kernel.run(memory) }
  }
}
