import Crypto
import FluxionCalculus

extension Partition {
  /// SHA-256 of everything that training and evaluation see of the data: features, targets, and who has which examples.
  /// 64 lower-case hexadecimal digits.
  package var contentSHA256: String {
    var hash = SHA256()
    Self.add(dataset, to: &hash)
    Self.add(offsets, to: &hash)
    Self.add(indices, to: &hash)
    Self.add(withheld?.offsets ?? [], to: &hash)
    Self.add(withheld?.indices ?? [], to: &hash)
    for view in [validation, test] {
      guard let view else { continue }
      if view.dataset.storage !== dataset.storage { Self.add(view.dataset, to: &hash) }
      Self.add(Array(view.indices), to: &hash)
    }
    return hash.finalize().map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  private static func add(_ dataset: Dataset, to hash: inout SHA256) {
    let features = dataset.features
    hash.update(
      bufferPointer: UnsafeRawBufferPointer(start: features.base, count: features.count * features.element.byteCount))
    add(dataset.normalization.scale, to: &hash)
    add(dataset.normalization.shift, to: &hash)
    switch dataset.targets {
    case .classes(let labels, let classCount, _):
      add([classCount], to: &hash)
      add(labels, to: &hash)
    case .values(let values): add(values, to: &hash)
    }
  }

  /// Numbers with their count before them.
  private static func add(_ numbers: [some BitwiseCopyable], to hash: inout SHA256) {
    withUnsafeBytes(of: numbers.count) { hash.update(bufferPointer: $0) }
    numbers.withUnsafeBytes { hash.update(bufferPointer: $0) }
  }
}
