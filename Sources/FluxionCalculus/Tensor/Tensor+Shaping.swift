extension Tensor {
  /// The same elements in the same order under another shape.
  public func reshaped(to shape: Shape) -> Tensor { self.shape == shape ? self : .apply(.reshape(shape), [self]) }

  /// Repeated along axes of extent 1 and new leading axes.
  public func broadcast(to shape: Shape) -> Tensor { self.shape == shape ? self : .apply(.broadcast(shape), [self]) }

  /// Axis `i` of the result is axis `permutation[i]` of this tensor; without one, the axes are reversed.
  public func transposed(_ permutation: [Int]? = nil) -> Tensor {
    let permutation = permutation ?? Array((0..<shape.rank).reversed())
    return permutation == Array(0..<shape.rank) && error == nil ? self : .apply(.transpose(permutation), [self])
  }

  /// The box that begins at `starts` and has extents `sizes`, one entry an axis.
  public func slice(from starts: [Int], sizes: [Int]) -> Tensor {
    sizes == shape.dimensions && starts.allSatisfy { $0 == 0 } && starts.count == sizes.count
      ? self : .apply(.slice(starts: starts, sizes: sizes), [self])
  }

  /// `count` entries of one axis, beginning at `start`.
  public func slice(axis: Int, from start: Int, count: Int) -> Tensor {
    guard shape.dimensions.indices.contains(axis) else {
      return .invalidAxis("slice", axis, self)
    }
    var starts = [Int](repeating: 0, count: shape.rank)
    var sizes = shape.dimensions
    (starts[axis], sizes[axis]) = (start, count)
    return slice(from: starts, sizes: sizes)
  }

  /// Zeros added before (`low`) and after (`high`) each axis.
  public func padded(low: [Int], high: [Int]) -> Tensor {
    (low + high).allSatisfy { $0 == 0 } && low.count == shape.rank && high.count == shape.rank
      ? self : .apply(.pad(low: low, high: high), [self])
  }

  /// Without its axes of extent 1 that are named.
  public func squeezed(axes: [Int]) -> Tensor {
    reshaped(to: shape.reducing(axes, keepingDimensions: false))
  }

  static func invalidAxis(_ name: String, _ axis: Int, _ tensor: Tensor) -> Tensor {
    tensor.error != nil
      ? tensor
      : .invalid(FluxionError(.shapeMismatch, "\(name) along axis \(axis) is outside its operand \(tensor.type)"))
  }
}

/// One after the other along an axis.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  tensors.count == 1 ? tensors[0] : .apply(.concatenate(axis: axis), tensors)
}

/// Rows of a table `[n, rest…]` by `int32` indices `[k…]`: `[k…, rest…]`. An index outside reads zeros.
public func gather(_ table: Tensor, _ indices: Tensor) -> Tensor { .apply(.gather, [table, indices]) }

/// Adds values `[k…, rest…]` to the rows of zeros `[rows, rest…]` that `indices` `[k…]` name.
public func scatterAdd(_ values: Tensor, _ indices: Tensor, rows: Int) -> Tensor {
  .apply(.scatterAdd(rows: rows), [indices, values])
}
