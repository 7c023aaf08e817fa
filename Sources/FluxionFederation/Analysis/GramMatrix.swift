/// The inner products of vectors with each other, `⟨aᵢ, aⱼ⟩` in `Double`.
///
/// Long vectors are cut into pieces whose matrices add up, so that threads share the work; as the pieces are the same for
/// any number of threads and are added in their order, so are the bits.
package struct GramMatrix: Sendable, Equatable {
  package private(set) var rows: [[Double]]

  package init(count: Int) { rows = Array(repeating: Array(repeating: 0, count: count), count: count) }

  /// The matrix of vectors of one length.
  package init(_ vectors: [[Float]]) { self.init(vectors, in: 0..<(vectors.first?.count ?? 0)) }

  /// The part of it that a range of positions contributes.
  package init(_ vectors: [[Float]], in range: Range<Int>) {
    self.init(count: vectors.count)
    // Piece by piece, so that all vectors' pieces stay in cache while each meets each.
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.piece) {
      let piece = start..<min(start + Self.piece, range.upperBound)
      for i in vectors.indices {
        vectors[i].withUnsafeBufferPointer { a in
          for j in 0...i {
            rows[i][j] += vectors[j].withUnsafeBufferPointer { b in
              dotProduct(UnsafeBufferPointer(rebasing: a[piece]), UnsafeBufferPointer(rebasing: b[piece]))
            }
          }
        }
      }
    }
    for i in vectors.indices { for j in 0..<i { rows[j][i] = rows[i][j] } }
  }

  package static func += (a: inout GramMatrix, b: GramMatrix) {
    for (i, row) in b.rows.enumerated() { for (j, value) in row.enumerated() { a.rows[i][j] += value } }
  }

  package subscript(i: Int, j: Int) -> Double { rows[i][j] }

  package func norm(_ i: Int) -> Double { max(0, rows[i][i]).squareRoot() }

  /// `⟨Σ aᵢxᵢ, Σ bᵢxᵢ⟩` of the vectors `x`.
  package func product(_ a: [Double], _ b: [Double]) -> Double {
    zip(rows, a).reduce(0) { sum, next in sum + next.1 * zip(next.0, b).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// The matrix of the first so many vectors.
  package func leading(_ count: Int) -> GramMatrix {
    var result = self
    result.rows = rows.prefix(count).map { Array($0.prefix(count)) }
    return result
  }

  private static let piece = 4096
}

/// `⟨a, b⟩`, added in `Double` in one order.
package func dotProduct(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Double {
  let count = min(a.count, b.count)
  // Eight sums, so that one addition need not wait for another.
  var sums = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
  var index = 0
  while index + 8 <= count {
    sums.0 += Double(a[index]) * Double(b[index])
    sums.1 += Double(a[index + 1]) * Double(b[index + 1])
    sums.2 += Double(a[index + 2]) * Double(b[index + 2])
    sums.3 += Double(a[index + 3]) * Double(b[index + 3])
    sums.4 += Double(a[index + 4]) * Double(b[index + 4])
    sums.5 += Double(a[index + 5]) * Double(b[index + 5])
    sums.6 += Double(a[index + 6]) * Double(b[index + 6])
    sums.7 += Double(a[index + 7]) * Double(b[index + 7])
    index += 8
  }
  var rest = 0.0
  while index < count {
    rest += Double(a[index]) * Double(b[index])
    index += 1
  }
  return ((sums.0 + sums.1) + (sums.2 + sums.3)) + ((sums.4 + sums.5) + (sums.6 + sums.7)) + rest
}

/// `⟨a, b⟩`, added in `Double` in one order.
package func dotProduct(_ a: [Float], _ b: [Float]) -> Double {
  a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { dotProduct(a, $0) } }
}
