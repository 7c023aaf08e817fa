extension Shape {
  /// The shape two shapes broadcast to, or nil: extents are compared from the last axis, and 1 gives way.
  public func broadcast(with other: Shape) -> Shape? {
    var result = rank >= other.rank ? dimensions : other.dimensions
    let (longer, shorter) = rank >= other.rank ? (self, other) : (other, self)
    let offset = longer.rank - shorter.rank
    for axis in 0..<shorter.rank {
      let (a, b) = (longer[offset + axis], shorter[axis])
      guard a == b || a == 1 || b == 1 else { return nil }
      result[offset + axis] = a == 1 ? b : a
    }
    return Shape(result)
  }

  /// The axes of `target` along which a value of this shape is repeated when broadcast to it.
  func broadcastAxes(to target: Shape) -> [Int] {
    let offset = target.rank - rank
    return (0..<target.rank).filter { axis in
      axis < offset || (dimensions[axis - offset] == 1 && target[axis] != 1)
    }
  }

  /// The shape that is left when axes are folded away.
  func reducing(_ axes: [Int], keepingDimensions: Bool) -> Shape {
    if keepingDimensions {
      return Shape(dimensions.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
    }
    return Shape(dimensions.enumerated().filter { !axes.contains($0.offset) }.map(\.element))
  }

  /// The number of elements, or nil where it would overflow.
  var checkedCount: Int? {
    var count = 1
    for extent in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    return count
  }
}
