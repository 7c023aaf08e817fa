import CFluxionKernels
import Foundation
import Testing

@Suite("Reductions")
struct ReductionTests {
  static let sizes = [
    (1, 1, 1), (1, 32, 512), (1, 6272, 64), (10, 1000, 1), (7, 10, 1), (3, 17, 10), (2, 129, 33), (4, 3, 100),
    (1, 1, 7), (2, 0, 5), (5, 64, 1),
  ]

  @Test("sum and maximum agree with double", arguments: KernelPath.available, sizes)
  func reductions(path: KernelPath, size: (Int, Int, Int)) {
    let (outer, mid, inner) = size
    var numbers = Numbers(UInt64(outer + mid * inner))
    let x = numbers.floats(outer * mid * inner)
    var sums = [Float](repeating: .nan, count: outer * inner)
    var tops = sums
    path.run {
      fx_reduce(Int32(FX_REDUCE_SUM), Int64(outer), Int64(mid), Int64(inner), x, &sums)
      fx_reduce(Int32(FX_REDUCE_MAX), Int64(outer), Int64(mid), Int64(inner), x, &tops)
    }
    var want = [Expected](repeating: Expected(), count: outer * inner)
    var wantTops = [Float](repeating: -.infinity, count: outer * inner)
    for o in 0..<outer {
      for m in 0..<mid {
        for i in 0..<inner {
          want[o * inner + i] += Double(x[(o * mid + m) * inner + i])
          wantTops[o * inner + i] = max(wantTops[o * inner + i], x[(o * mid + m) * inner + i])
        }
      }
    }
    #expect(firstDifference(sums, want, tolerance: 1e-6) == nil)
    #expect(tops == wantTops)
  }

  @Test("a maximum over NaN is NaN, wherever it lies", arguments: KernelPath.available, [1, 20])
  func maximumOfNaN(path: KernelPath, inner: Int) {
    for at in 0..<40 {
      var x = [Float](repeating: 1, count: 40 * inner)
      x[at * inner] = .nan
      var y = [Float](repeating: 0, count: inner)
      path.run { fx_reduce(Int32(FX_REDUCE_MAX), 1, 40, Int64(inner), x, &y) }
      #expect(y[0].isNaN && y[1...].allSatisfy { $0 == 1 })
    }
  }
}

@Suite("Moving elements")
struct MovementTests {
  @Test("strided copies move every element to its place", arguments: KernelPath.available)
  func stridedCopies(path: KernelPath) {
    var numbers = Numbers(11)
    for _ in 0..<200 {
      let rank = numbers.int(0...6)
      let dims = (0..<rank).map { _ in numbers.int(1...(rank > 3 ? 5 : 37)) }
      // A source in another order of dimensions, with gaps, repeats and reversals.
      var order = Array(0..<rank)
      for i in stride(from: rank - 1, to: 0, by: -1) { order.swapAt(i, numbers.int(0...i)) }
      var (source, step, start) = ([Int](repeating: 0, count: rank), 1, 0)
      for d in order.reversed() {
        let kind = numbers.int(0...7)
        source[d] = kind == 0 ? 0 : kind == 1 ? -step : step
        if kind == 1 { start += step * (dims[d] - 1) }
        step *= dims[d] + numbers.int(0...1)
      }
      let target = rowMajor(dims).map { $0 * 2 }
      let count = dims.reduce(1, *)
      let x = (0..<step + 1).map { Float($0) }
      var y = [Float](repeating: -1, count: 2 * count)
      var want = y
      for i in 0..<count {
        var (rest, from, to) = (i, start, 0)
        for d in dims.indices.reversed() {
          let (quotient, index) = rest.quotientAndRemainder(dividingBy: dims[d])
          rest = quotient
          from += index * source[d]
          to += index * target[d]
        }
        want[to] = x[from]
      }
      path.run {
        x.withUnsafeBufferPointer { x in
          guard let x = x.baseAddress else { return }
          fx_strided_copy(
            Int32(rank), dims.map(Int64.init), source.map(Int64.init), target.map(Int64.init), x + start, &y)
        }
      }
      #expect(y == want, "dims \(dims), source strides \(source)")
    }
  }

  @Test("transposes and permutes", arguments: KernelPath.available, [(1, 5), (4, 4), (33, 70), (100, 3), (64, 64)])
  func transposes(path: KernelPath, size: (Int, Int)) {
    let (rows, columns) = size
    let x = (0..<rows * columns).map { Float($0) }
    var y = [Float](repeating: -1, count: rows * columns)
    path.run {
      fx_strided_copy(2, [Int64(columns), Int64(rows)], [1, Int64(columns)], [Int64(rows), 1], x, &y)
    }
    #expect(y == (0..<rows * columns).map { Float($0 % rows * columns + $0 / rows) })
  }

  @Test("rows of a minibatch are picked and normalised", arguments: KernelPath.available, [1, 10, 60, 784])
  func gathersRows(path: KernelPath, length: Int) {
    var numbers = Numbers(3)
    let bytes = (0..<20 * length).map { _ in UInt8(numbers.int(0...255)) }
    let floats = numbers.floats(20 * length)
    let (scale, shift) = (numbers.floats(length), numbers.floats(length))
    let rows: [Int32] = [3, 19, 0, 3]
    var (shared, each, copied) = ([Float](), [Float](), [Float]())
    (shared, each, copied) = path.run {
      let blank = [Float](repeating: .nan, count: rows.count * length)
      var (shared, each, copied) = (blank, blank, blank)
      fx_gather_rows_u8(bytes, Int64(length), rows, 4, scale, 0, shift, 1, &shared)
      fx_gather_rows_u8(bytes, Int64(length), rows, 4, scale, 1, shift, 0, &each)
      fx_gather_rows_f32(floats, Int64(length), rows, 4, scale, 1, shift, 1, &copied)
      return (shared, each, copied)
    }
    for (r, row) in rows.enumerated() {
      for j in 0..<length {
        let (at, from) = (r * length + j, Int(row) * length + j)
        let byte = Float(bytes[from])
        #expect(shared[at] == byte * scale[0] + shift[j])
        #expect(each[at] == byte * scale[j] + shift[0])
        #expect(copied[at] == floats[from] * scale[j] + shift[j])
      }
    }
  }
}
