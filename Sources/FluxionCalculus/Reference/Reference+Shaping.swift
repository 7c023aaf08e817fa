extension Reference {
  static func reduce(
    _ x: ReferenceValue, _ reduction: Reduction, _ axes: [Int], _ keeping: Bool, _ type: TensorType
  ) -> ReferenceValue {
    var result = ReferenceValue(repeating: reduction == .sum ? 0 : -.infinity, type)
    x.shape.forEachIndex { index in
      let target: [Int] =
        keeping
        ? index.enumerated().map { axes.contains($0.offset) ? 0 : $0.element }
        : index.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
      switch reduction {
      case .sum: result[target] += x[index]
      case .maximum: result[target] = Binary.maximum.reference(result[target], x[index])
      }
    }
    return result
  }

  static func transpose(_ x: ReferenceValue, _ permutation: [Int], _ type: TensorType) -> ReferenceValue {
    ReferenceValue(type) { index in
      var source = index
      for (axis, from) in permutation.enumerated() { source[from] = index[axis] }
      return x[source]
    }
  }

  static func pad(_ x: ReferenceValue, _ low: [Int], _ type: TensorType) -> ReferenceValue {
    ReferenceValue(type) { index in
      let source = zip(index, low).map(-)
      let inside = zip(source, x.shape.dimensions).allSatisfy { $0 >= 0 && $0 < $1 }
      return inside ? x[source] : 0
    }
  }

  static func concatenate(_ operands: [ReferenceValue], _ axis: Int, _ type: TensorType) -> ReferenceValue {
    ReferenceValue(type) { index in
      var source = index
      for operand in operands {
        if source[axis] < operand.shape[axis] { return operand[source] }
        source[axis] -= operand.shape[axis]
      }
      return .nan
    }
  }

  static func gather(_ table: ReferenceValue, _ indices: ReferenceValue, _ type: TensorType) -> ReferenceValue {
    ReferenceValue(type) { index in
      let row = indices[Array(index.prefix(indices.shape.rank))]
      guard row >= 0, row < Double(table.shape[0]) else { return 0 }
      return table[[Int(row)] + index.dropFirst(indices.shape.rank)]
    }
  }

  /// A value whose index is outside the rows is dropped: the adjoint of reading zeros.
  static func scatterAdd(_ indices: ReferenceValue, _ values: ReferenceValue, _ type: TensorType) -> ReferenceValue {
    var result = ReferenceValue(repeating: 0, type)
    values.shape.forEachIndex { index in
      let row = indices[Array(index.prefix(indices.shape.rank))]
      guard row >= 0, row < Double(type.shape[0]) else { return }
      result[[Int(row)] + index.dropFirst(indices.shape.rank)] += values[index]
    }
    return result
  }

  static func matmul(
    _ a: ReferenceValue, _ b: ReferenceValue, _ transposeA: Bool, _ transposeB: Bool, _ type: TensorType
  ) -> ReferenceValue {
    let rank = type.shape.rank
    let inner = a.shape[transposeA ? rank - 2 : rank - 1]
    return ReferenceValue(type) { index in
      let (batch, i, j) = (Array(index.dropLast(2)), index[rank - 2], index[rank - 1])
      return (0..<inner).reduce(0) { sum, k in
        sum + a[batch + (transposeA ? [k, i] : [i, k])] * b[batch + (transposeB ? [j, k] : [k, j])]
      }
    }
  }
}
