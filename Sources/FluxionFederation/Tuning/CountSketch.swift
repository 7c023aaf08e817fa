package import FluxionCalculus

/// A short random projection of long vectors that keeps their inner products.
///
/// Every element is added, with a random sign, to one of ``count`` random cells. `⟨Sx, Sy⟩` has the mean `⟨x, y⟩` and a
/// standard deviation of at most `‖x‖ ‖y‖ √(2 / count)`. It is linear: the mean of sketches is the sketch of the mean,
/// so inner products between sums over many parties follow from what each of them tells.
///
/// A sketch of a vector that is hardly longer hides nothing of it.
///
/// Charikar, Chen and Farach-Colton 2002, "Finding frequent items in data streams"; for inner products, Weinberger,
/// Dasgupta, Langford, Smola and Attenberg 2009, "Feature hashing for large scale multitask learning", arXiv 0902.2206.
///
/// ```swift
/// let sketch = CountSketch(of: parameters.count, key: key)
/// let told = sketch([tangent, gradient])  // two arrays of `sketch.count` values
/// ```
public struct CountSketch: Hashable, Sendable {
  /// The number of cells.
  public let count: Int
  private let key: RandomKey

  /// - Parameters:
  ///   - length: elements of a vector; decides ``count``, a 64th of it, but 256 at least and 4096 at most.
  ///   - key: whoever is to compare sketches makes them with the same.
  package init(of length: Int, key: RandomKey) {
    count = min(4096, max(256, length / 64))
    self.key = key
  }

  /// The sketches of vectors of one length, by one sequence of draws.
  package func callAsFunction(_ vectors: [[Float]]) -> [[Float]] {
    var sketches = vectors.map { _ in [Float](repeating: 0, count: count) }
    var generator = key.generator()
    for index in 0..<(vectors.map(\.count).min() ?? 0) {
      let draw = generator.next()
      let cell = Int(((draw >> 32) &* UInt64(count)) >> 32)
      let sign: Float = draw & 1 == 0 ? 1 : -1
      for position in vectors.indices { sketches[position][cell] += sign * vectors[position][index] }
    }
    return sketches
  }
}
