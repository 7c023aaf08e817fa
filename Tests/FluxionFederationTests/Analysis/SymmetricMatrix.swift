import FluxionCalculus

/// A dense symmetric matrix in `Double`, to compare with what is known of a matrix by its products alone.
struct SymmetricMatrix {
  var rows: [[Double]]

  var count: Int { rows.count }
  var trace: Double { rows.indices.reduce(0) { $0 + rows[$1][$1] } }

  /// `Q diag(values) Qᵀ`, `Q` a product of random reflections.
  static func withEigenvalues(_ values: [Double], seed: UInt64) -> SymmetricMatrix {
    let count = values.count
    var rows: [[Double]] = Array(repeating: Array(repeating: 0, count: count), count: count)
    for i in 0..<count { rows[i][i] = values[i] }
    for reflection in 0..<4 {
      let v = numbers(count, RandomKey(seed: seed).folding("reflection", reflection))
      let scale = 2 / product(v, v)
      let image = rows.map { product($0, v) }
      let inner = product(image, v)
      for i in 0..<count {
        for j in 0..<count {
          let once = v[i] * image[j] + image[i] * v[j]
          let twice = inner * v[i] * v[j]
          rows[i][j] += scale * scale * twice - scale * once
        }
      }
    }
    return SymmetricMatrix(rows: rows)
  }

  /// Between −1 and 1.
  static func numbers(_ count: Int, _ key: RandomKey) -> [Double] {
    var generator = key.generator()
    return (0..<count).map { _ in 2 * generator.nextUniformDouble() - 1 }
  }

  static func product(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
  }

  func times(_ vector: [Float]) -> [Float] {
    let vector = vector.map(Double.init)
    return rows.map { Float(Self.product($0, vector)) }
  }

  /// All eigenvalues, ascending, by cyclic Jacobi rotations.
  var eigenvalues: [Double] {
    var a = rows
    for _ in 0..<60 {
      var off = 0.0
      for p in 0..<count {
        for q in (p + 1)..<max(count, p + 1) where a[p][q] != 0 {
          off += abs(a[p][q])
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let sign: Double = theta < 0 ? -1 : 1
          let t = sign / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<count { (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]) }
          for k in 0..<count { (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]) }
        }
      }
      if off < 1e-13 { break }
    }
    return (0..<count).map { a[$0][$0] }.sorted()
  }
}
