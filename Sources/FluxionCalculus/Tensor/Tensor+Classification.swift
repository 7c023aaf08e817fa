/// `x − log Σ exp x` over the last axis, without overflow.
public func logSoftmax(_ x: Tensor) -> Tensor { .apply(.logSoftmax, [x]) }

/// `exp x / Σ exp x` over the last axis, without overflow.
public func softmax(_ x: Tensor) -> Tensor { .apply(.softmax, [x]) }

/// `−log softmax(logits)[label]` a row: logits `[r…, classes]`, labels `int32 [r…]` → `[r…]`.
public func softmaxCrossEntropy(_ logits: Tensor, _ labels: Tensor) -> Tensor {
  .apply(.softmaxCrossEntropy, [logits, labels])
}

/// `int32 [r…]` → `float32 [r…, depth]`, 1 at the index and 0 elsewhere.
public func oneHot(_ indices: Tensor, depth: Int) -> Tensor { .apply(.oneHot(depth: depth), [indices]) }

/// The index of the first maximum of each row.
public func argmax(_ x: Tensor) -> Tensor { .apply(.argmax, [x]) }

extension Tensor {
  /// The same values as another element type; to integers by truncation toward zero.
  public func converted(to element: ElementType) -> Tensor {
    self.element == element ? self : .apply(.convert(element), [self])
  }
}
