import CFluxionKernels
import Testing

/// One product: sizes, strides beyond the rows, factors and epilogue.
struct Product: CustomTestStringConvertible {
  var transposed = (a: false, b: false)
  var m: Int
  var n: Int
  var k: Int
  var alpha: Float = 1
  var beta: Float = 0
  var gap = 0
  var bias = false
  var relu = false

  var testDescription: String { "\(transposed.a ? "T" : "N")\(transposed.b ? "T" : "N") \(m)x\(n)x\(k) beta \(beta)" }

  static let table: [Product] = {
    var rows: [Product] = []
    let sizes = [
      (1, 1, 1), (1, 10, 784), (6, 10, 784), (10, 10, 200), (10, 200, 84), (32, 40, 100), (10, 33, 70), (15, 31, 64),
      (784, 10, 6), (130, 10, 10), (200, 200, 10), (57, 48, 13), (57, 47, 14), (29, 16, 1), (50, 7, 65), (3, 5, 0),
      (70, 90, 60), (45, 520, 300), (100, 700, 600),
    ]
    for (index, (m, n, k)) in sizes.enumerated() {
      for combination in 0..<4 {
        var row = Product(m: m, n: n, k: k)
        row.transposed = (combination & 1 != 0, combination & 2 != 0)
        rows.append(row)
        (row.alpha, row.beta) = index % 2 == 0 ? (-0.05, 1) : (1.5, 0.5)
        rows.append(row)
        row.gap = index % 3
        row.bias = true
        row.relu = index % 2 == 1
        rows.append(row)
      }
    }
    return rows
  }()
}

@Suite("Matrix products")
struct MatrixProductTests {
  @Test("agree with a product in double", arguments: KernelPath.available, Product.table)
  func agrees(path: KernelPath, product p: Product) {
    var numbers = Numbers(UInt64(p.m * 7919 + p.n * 31 + p.k))
    let (lda, ldb, ldc) = (
      (p.transposed.a ? p.m : p.k) + p.gap + 1, (p.transposed.b ? p.k : p.n) + p.gap, p.n + p.gap
    )
    let a = numbers.floats((p.transposed.a ? p.k : p.m) * lda + 1)
    let b = numbers.floats((p.transposed.b ? p.n : p.k) * ldb + 1)
    let bias = numbers.floats(p.n)
    // With beta 0, C is not read: NaN must not spread.
    let before = p.beta == 0 ? [Float](repeating: .nan, count: p.m * ldc) : numbers.floats(p.m * ldc)
    var c = before
    path.run {
      withScratch(
        fx_sgemm_scratch_bytes(
          p.transposed.a ? 1 : 0, p.transposed.b ? 1 : 0, Int32(p.m), Int32(p.n), Int32(p.k))
      ) { scratch in
        bias.withUnsafeBufferPointer { bias in
          var epilogue = fx_epilogue(bias: p.bias ? bias.baseAddress : nil, relu: p.relu ? 1 : 0)
          fx_sgemm_ep(
            p.transposed.a ? 1 : 0, p.transposed.b ? 1 : 0, Int32(p.m), Int32(p.n), Int32(p.k), p.alpha, a, Int32(lda),
            b, Int32(ldb), p.beta, &c, Int32(ldc), &epilogue, scratch)
        }
      }
    }
    for i in 0..<p.m {
      for j in 0..<ldc {
        let got = c[i * ldc + j]
        guard j < p.n else {
          // The gap between rows is the caller's.
          #expect(got.bitPattern == before[i * ldc + j].bitPattern)
          continue
        }
        var want = Expected()
        for q in 0..<p.k {
          let x = p.transposed.a ? a[q * lda + i] : a[i * lda + q]
          let y = p.transposed.b ? b[j * ldb + q] : b[q * ldb + j]
          want += Double(p.alpha) * Double(x) * Double(y)
        }
        if p.beta != 0 { want += Double(p.beta) * Double(before[i * ldc + j]) }
        if p.bias { want += Double(bias[j]) }
        if p.relu { want.value = max(want.value, 0) }
        guard want.agrees(with: got) else {
          Issue.record("C[\(i), \(j)] is \(got), not \(want.value)")
          return
        }
      }
    }
  }

  @Test("keep NaN through the rectifier", arguments: KernelPath.available)
  func rectifierKeepsNaN(path: KernelPath) {
    let a: [Float] = [.nan, -1]
    let b: [Float] = [1]
    var c: [Float] = [0, 0]
    path.run {
      withScratch(fx_sgemm_scratch_bytes(0, 0, 2, 1, 1)) { scratch in
        var epilogue = fx_epilogue(bias: nil, relu: 1)
        fx_sgemm_ep(0, 0, 2, 1, 1, 1, a, 1, b, 1, 0, &c, 1, &epilogue, scratch)
      }
    }
    #expect(c[0].isNaN)
    #expect(c[1] == 0)
  }
}
