/// `a b` over the last two axes, batched over equal leading axes: `[…, m, k]`, `[…, k, n]` → `[…, m, n]`.
///
/// A transposed operand stores its last two axes swapped; nothing is copied for it.
public func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false) -> Tensor {
  .apply(.matmul(transposeA: transposeA, transposeB: transposeB), [a, b])
}

/// The inner product of two tensors of one shape, as a scalar.
public func dot(_ a: Tensor, _ b: Tensor) -> Tensor { (a * b).sum() }
