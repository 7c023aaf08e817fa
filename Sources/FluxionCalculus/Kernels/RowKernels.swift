import CFluxionKernels

/// Softmax and its relatives, over the rows of `[rows, columns]`.
final class SoftmaxKernel: Kernel {
  enum Kind { case softmax, logSoftmax, crossEntropy }

  private let kind: Kind
  private let rows: Int64
  private let columns: Int64
  private let operands: [Location]
  private let result: Location

  init(_ kind: Kind, logits: Shape, operands: [Location], result: Location) {
    self.kind = kind
    columns = Int64(logits.last ?? 1)
    rows = columns == 0 ? 0 : Int64(logits.count) / columns
    (self.operands, self.result) = (operands, result)
  }

  func run(_ memory: Memory) {
    let (x, y) = (operands[0].floats(memory), result.floats(memory))
    switch kind {
    case .softmax: fx_softmax(rows, columns, x, y)
    case .logSoftmax: fx_log_softmax(rows, columns, x, y)
    case .crossEntropy: fx_softmax_xent(rows, columns, x, operands[1].integers(memory), y)
    }
  }
}

/// `(softmax(logits) − onehot(labels)) · g`, where `g` is one number or one a row.
final class CrossEntropyGradientKernel: Kernel {
  private let rows: Int64
  private let columns: Int64
  private let operands: [Location]
  private let weightStride: Int32
  private let result: Location

  init(logits: Shape, operands: [Location], isScalarWeight: Bool, result: Location) {
    columns = Int64(logits.last ?? 1)
    rows = columns == 0 ? 0 : Int64(logits.count) / columns
    weightStride = isScalarWeight ? 0 : 1
    (self.operands, self.result) = (operands, result)
  }

  func run(_ memory: Memory) {
    fx_softmax_xent_grad(
      rows, columns, operands[0].floats(memory), operands[1].integers(memory), operands[2].floats(memory), weightStride,
      result.floats(memory))
  }
}

/// The index of the first maximum of each row.
final class ArgmaxKernel: Kernel {
  private let rows: Int
  private let columns: Int
  private let operand: Location
  private let result: Location

  init(_ shape: Shape, operand: Location, result: Location) {
    columns = shape.last ?? 1
    rows = shape.count / max(columns, 1)
    (self.operand, self.result) = (operand, result)
  }

  func run(_ memory: Memory) {
    let (x, y) = (operand.floats(memory), result.integers(memory))
    for row in 0..<rows {
      var best = 0
      for column in 1..<max(columns, 1) where x[row * columns + column] > x[row * columns + best] { best = column }
      y[row] = Int32(best)
    }
  }
}

/// 1 at the index of each row, 0 elsewhere.
final class OneHotKernel: Kernel {
  private let rows: Int
  private let depth: Int
  private let operand: Location
  private let result: Location

  init(rows: Int, depth: Int, operand: Location, result: Location) {
    (self.rows, self.depth, self.operand, self.result) = (rows, depth, operand, result)
  }

  func run(_ memory: Memory) {
    let (indices, y) = (operand.integers(memory), result.floats(memory))
    y.update(repeating: 0, count: rows * depth)
    for row in 0..<rows {
      let index = Int(indices[row])
      if (0..<depth).contains(index) { y[row * depth + index] = 1 }
    }
  }
}
