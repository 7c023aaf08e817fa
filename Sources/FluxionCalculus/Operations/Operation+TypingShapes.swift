extension Operation {
  /// The types of the operators that move elements without computing on them.
  func shapingType(_ operands: [TensorType]) throws(FluxionError) -> TensorType {
    guard let first = operands.first else { throw mismatch(operands, "takes an operand") }
    let shape = first.shape
    if case .concatenate(let axis) = self { return try concatenatedType(operands, axis) }
    guard operands.count == 1 else { throw mismatch(operands, "takes 1 operand") }
    switch self {
    case .broadcast(let target):
      guard first.element == .float32, shape.broadcast(with: target) == target else {
        throw mismatch(operands, "cannot reach shape \(target)")
      }
      return TensorType(target)
    case .reshape(let target):
      guard target.dimensions.allSatisfy({ $0 >= 0 }), target.checkedCount == shape.count else {
        throw mismatch(operands, "cannot reach shape \(target), which has another number of elements")
      }
      return TensorType(target, first.element)
    case .transpose(let permutation):
      guard permutation.sorted() == Array(0..<shape.rank) else {
        throw mismatch(operands, "needs a permutation of its operand's axes, not \(permutation)")
      }
      return TensorType(Shape(permutation.map { shape[$0] }), first.element)
    case .slice(let starts, let sizes):
      guard first.element == .float32, starts.count == shape.rank, sizes.count == shape.rank,
        zip(zip(starts, sizes), shape.dimensions).allSatisfy({ box, extent in
          box.0 >= 0 && box.1 >= 0 && box.0 <= extent && box.1 <= extent - box.0
        })
      else { throw mismatch(operands, "from \(starts) of sizes \(sizes) leaves its operand") }
      return TensorType(Shape(sizes))
    case .pad(let low, let high):
      let limit = Self.maximumElementCount
      guard first.element == .float32, low.count == shape.rank, high.count == shape.rank,
        (low + high).allSatisfy({ (0...limit).contains($0) })
      else { throw mismatch(operands, "by \(low) and \(high) needs one non-negative width an axis") }
      return TensorType(Shape(zip(shape.dimensions, zip(low, high)).map { $0 + $1.0 + $1.1 }))
    default:
      throw mismatch(operands, "is not a shaping operator")
    }
  }

  private func concatenatedType(_ operands: [TensorType], _ axis: Int) throws(FluxionError) -> TensorType {
    var shape = operands[0].shape
    guard shape.dimensions.indices.contains(axis) else {
      throw mismatch(operands, "along axis \(axis) needs operands that have it")
    }
    shape[axis] = 0
    for operand in operands {
      var rest = operand.shape
      guard operand.element == .float32, rest.rank == shape.rank else {
        throw mismatch(operands, "along axis \(axis) needs float32 operands of one rank")
      }
      let (extent, overflow) = shape[axis].addingReportingOverflow(rest[axis])
      rest[axis] = shape[axis]
      guard rest == shape, !overflow else {
        throw mismatch(operands, "along axis \(axis) needs equal extents on the other axes")
      }
      shape[axis] = extent
    }
    return TensorType(shape)
  }

  /// The types of the operators between tensors and integer indices.
  func indexingType(_ operands: [TensorType]) throws(FluxionError) -> TensorType {
    switch self {
    case .gather:
      guard operands.count == 2, operands[0].element == .float32, operands[1].element == .int32,
        operands[0].shape.rank >= 1
      else { throw mismatch(operands, "takes a table [n, …] and int32 indices") }
      return TensorType(Shape(operands[1].shape.dimensions + operands[0].shape.dimensions.dropFirst()))
    case .scatterAdd(let rows):
      guard operands.count == 2, operands[0].element == .int32, operands[1].element == .float32,
        rows >= 0, operands[1].shape.dimensions.starts(with: operands[0].shape.dimensions)
      else { throw mismatch(operands, "takes int32 indices [k…] and values [k…, …]") }
      return TensorType(Shape([rows] + operands[1].shape.dimensions.dropFirst(operands[0].shape.rank)))
    case .oneHot(let depth):
      guard operands.count == 1, operands[0].element == .int32, depth > 0 else {
        throw mismatch(operands, "of depth \(depth) takes int32 indices and a positive depth")
      }
      return TensorType(Shape(operands[0].shape.dimensions + [depth]))
    case .argmax:
      guard operands.count == 1, operands[0].element == .float32, (operands[0].shape.last ?? 0) > 0 else {
        throw mismatch(operands, "takes a float32 operand whose last axis is not empty")
      }
      return TensorType(Shape(Array(operands[0].shape.dimensions.dropLast())), .int32)
    default:
      throw mismatch(operands, "is not an indexing operator")
    }
  }

  /// The types of convolution and its two adjoints.
  func convolutionType(_ operands: [TensorType]) throws(FluxionError) -> TensorType {
    let (a, b) = (operands[0].shape, operands[1].shape)
    guard a.rank == 4, b.rank == 4 else { throw mismatch(operands, "takes two operands of rank 4") }
    switch self {
    case .conv2D(let window):
      guard b[0] == window.kernelHeight, b[1] == window.kernelWidth, a[3] == b[2],
        let output = window.outputSize(height: a[1], width: a[2])
      else { throw mismatch(operands, "(\(window)) takes x [n, h, w, c] and a filter [kh, kw, c, f] that fits") }
      return TensorType([a[0], output.height, output.width, b[3]])
    case .conv2DInputGradient(let window, let height, let width):
      guard b[0] == window.kernelHeight, b[1] == window.kernelWidth, a[3] == b[3],
        let output = window.outputSize(height: height, width: width), output == (a[1], a[2])
      else {
        throw mismatch(operands, "(\(window)) to \(height)×\(width) takes dy [n, oh, ow, f] and its filter")
      }
      return TensorType([a[0], height, width, b[2]])
    case .conv2DFilterGradient(let window):
      guard a[0] == b[0], let output = window.outputSize(height: a[1], width: a[2]), output == (b[1], b[2]) else {
        throw mismatch(operands, "(\(window)) takes x [n, h, w, c] and its dy [n, oh, ow, f]")
      }
      return TensorType([window.kernelHeight, window.kernelWidth, a[3], b[3]])
    default:
      throw mismatch(operands, "is not a convolution")
    }
  }

  /// The types of pooling and its adjoints.
  func poolingType(_ operands: [TensorType]) throws(FluxionError) -> TensorType {
    guard let x = operands.first?.shape, x.rank == 4, operands.allSatisfy({ $0.element == .float32 }) else {
      throw mismatch(operands, "takes float32 operands of rank 4")
    }
    let (window, height, width): (Window, Int, Int)
    switch self {
    case .maxPool2D(let own), .maxPool2DScatter(let own), .maxPool2DGather(let own), .averagePool2D(let own):
      (window, height, width) = (own, x[1], x[2])
    case .averagePool2DGradient(let own, let h, let w): (window, height, width) = (own, h, w)
    default: throw mismatch(operands, "is not a pooling operator")
    }
    guard let output = window.outputSize(height: height, width: width) else {
      throw mismatch(operands, "(\(window)) does not fit \(height)×\(width)")
    }
    let pooled: Shape = [x[0], output.height, output.width, x[3]]
    switch (self, operands.count) {
    case (.maxPool2D, 1), (.averagePool2D, 1): return TensorType(pooled)
    case (.averagePool2DGradient, 1) where pooled == x: return TensorType([x[0], height, width, x[3]])
    case (.maxPool2DScatter, 2) where operands[1].shape == pooled: return TensorType(x)
    case (.maxPool2DGather, 2) where operands[1].shape == x: return TensorType(pooled)
    default: throw mismatch(operands, "(\(window)) pools \(x) to \(pooled)")
    }
  }
}
