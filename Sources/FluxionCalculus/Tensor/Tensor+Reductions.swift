extension Tensor {
  /// The sum over axes (all of them unless named); `keepingDimensions` leaves extents of 1.
  public func sum(axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    reduced(.sum, axes, keepingDimensions)
  }

  /// The mean over axes (all of them unless named).
  public func mean(axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let total = sum(axes: axes, keepingDimensions: keepingDimensions)
    return total * Tensor(Float(total.shape.count) / Float(max(shape.count, 1)))
  }

  /// The largest element over axes (all of them unless named); at ties each has an equal share of the derivative.
  public func maximum(axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    reduced(.maximum, axes, keepingDimensions)
  }

  private func reduced(_ reduction: Reduction, _ axes: [Int]?, _ keeping: Bool) -> Tensor {
    let axes = (axes ?? Array(0..<shape.rank)).map { $0 < 0 ? $0 + shape.rank : $0 }.sorted()
    return axes.isEmpty && error == nil
      ? self : .apply(.reduce(reduction, axes: axes, keepingDimensions: keeping), [self])
  }

  /// Summed down to a shape that broadcasts to this one: the adjoint of broadcasting.
  func summed(to target: Shape) -> Tensor {
    guard target != shape else { return self }
    return sum(axes: target.broadcastAxes(to: shape)).reshaped(to: target)
  }
}
