package import FluxionCalculus

/// One party's examples in the order of one epoch, cut into batches; the last may be smaller and is never dropped.
///
/// The buffer is reused from epoch to epoch and from party to party, so that after the largest party nothing is
/// allocated.
///
/// ```swift
/// var order = BatchOrder(batchSize: 32)
/// order.shuffle(party.indices, key: key.folding("epoch", epoch))
/// for batch in 0..<order.batchCount {
///   order.withBatch(batch) { dataset.copyFeatures(of: $0, to: input) }
/// }
/// ```
package struct BatchOrder: Sendable {
  /// Examples a batch; `Int.max` for one batch of everything.
  package let batchSize: Int
  package private(set) var indices: [Int32] = []

  /// - Precondition: `batchSize` is at least 1.
  package init(batchSize: Int) {
    precondition(batchSize >= 1, "a batch holds at least one example")
    self.batchSize = batchSize
  }

  /// Begins an epoch: a Fisher–Yates shuffle of `examples` that depends on them and on `key` alone.
  package mutating func shuffle(_ examples: ArraySlice<Int32>, key: RandomKey) {
    keep(examples)
    indices.shuffleInPlace(key: key)
  }

  /// Begins an epoch in the given order.
  package mutating func keep(_ examples: ArraySlice<Int32>) {
    indices.removeAll(keepingCapacity: true)
    indices.append(contentsOf: examples)
  }

  /// The different sizes that batches of so many examples have, the largest first.
  ///
  /// - Parameter batchSize: at least 1; nil for one batch of everything.
  package static func sizes(of examples: Int, batchSize: Int?) -> [Int] {
    let full = min(batchSize ?? .max, examples)
    guard full > 0 else { return [] }
    let rest = examples % full
    return rest == 0 ? [full] : [full, rest]
  }

  package var batchCount: Int {
    indices.count / batchSize + (indices.count % batchSize == 0 ? 0 : 1)
  }

  /// Where batch `batch` (of ``batchCount``) lies in ``indices``.
  package func range(ofBatch batch: Int) -> Range<Int> {
    let start = batch * batchSize
    return start..<(indices.count - start <= batchSize ? indices.count : start + batchSize)
  }

  package func withBatch<Result>(_ batch: Int, _ body: (UnsafeBufferPointer<Int32>) throws -> Result) rethrows -> Result
  {
    try indices.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[range(ofBatch: batch)])) }
  }
}
