import CFluxionKernels
import FluxionCalculus
import Testing

@Suite("Philox")
struct PhiloxTests {
  @Test("is the block function of RandomKey", arguments: KernelPath.available, [0, 1, 3, 4, 31, 32, 33, 1000])
  func uniform(path: KernelPath, count: Int) {
    let key = RandomKey(low: 0xDEAD_BEEF, high: 0x0123_4567)
    let stream: UInt64 = 0x9876_5432_1FED_CBA9
    var got = [Float](repeating: .nan, count: count + 1)
    path.run { fx_philox_uniform(key.low, key.high, stream, Int64(count), &got) }
    for i in 0..<count {
      let block = Philox.block(
        counter: SIMD4(
          UInt32(i / 4), 0, UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)), key: key)
      #expect(got[i] == Float(block[i % 4] >> 8) * 0x1p-24)
    }
    #expect(got[count].isNaN)
  }
}

@Suite("Exact accumulation")
struct AccumulationTests {
  static let counts = [0, 1, 15, 16, 17, 100, 7850]

  @Test("rounds each term once and adds integers", arguments: KernelPath.available, counts)
  func accumulates(path: KernelPath, count: Int) {
    var numbers = Numbers(UInt64(count))
    let updates = (0..<3).map { _ in numbers.floats(count + 1) }
    let scales = [0x1p30 / 3, 12.5, 0x1p40]
    var sums = [Int64](repeating: 5, count: count + 1)
    var want = sums
    for (update, scale) in zip(updates, scales) {
      let top = path.run { fx_accumulate(Int64(count), update, nil, scale, &sums) }
      #expect(top == update[..<count].map(abs).max() ?? 0)
      for i in 0..<count { want[i] += Int64((Double(update[i]) * scale).rounded(.toNearestOrEven)) }
    }
    #expect(sums == want)

    var out = [Float](repeating: .nan, count: count + 1)
    path.run { fx_accumulate_finish(Int64(count), sums, 0x1p-40, &out) }
    #expect(Array(out[..<count]) == want[..<count].map { Float(Double($0) * 0x1p-40) })
    #expect(out[count].isNaN)
  }

  @Test("is the same in any order and on any path")
  func orderDoesNotMatter() {
    var numbers = Numbers(77)
    let updates = (0..<20).map { _ in numbers.floats(1001, scale: 100) }
    func total(_ order: [Int], _ path: KernelPath) -> [Int64] {
      var sums = [Int64](repeating: 0, count: 1001)
      path.run { for i in order { _ = fx_accumulate(1001, updates[i], nil, 1e9 / Double(i + 1), &sums) } }
      return sums
    }
    let first = total(Array(0..<20), KernelPath.available[0])
    for path in KernelPath.available {
      #expect(total(Array((0..<20).reversed()), path) == first)
    }
  }

  @Test(
    "rounds ties to even and adds nothing where something is too large or not a number", arguments: KernelPath.available
  )
  func extremes(path: KernelPath) {
    var sums = [Int64](repeating: 0, count: 6)
    _ = path.run { fx_accumulate(6, [0.5, 1.5, 2.5, -0.5, -1.5, -2.5], nil, 1, &sums) }
    #expect(sums == [0, 2, 2, 0, -2, -2])
    for count in [1, 16, 70] {
      for at in [0, count - 1] {
        for bad in [-Float.infinity, .nan, 0x1p51] {
          var x = [Float](repeating: -2, count: count)
          let base = [Float](repeating: 1, count: count)
          #expect(path.run { fx_all_finite(Int64(count), x) } == 1)
          var kept = (0..<count).map { Int64($0) &* 0x123_4567_89AB_CDEF }
          let before = kept
          x[at] = bad
          #expect(path.run { fx_all_finite(Int64(count), x) } == (bad.isFinite ? 1 : 0))
          for subtracted in [nil, base] {
            let top = path.run {
              subtracted.map { fx_accumulate(Int64(count), x, $0, 1, &kept) }
                ?? fx_accumulate(Int64(count), x, nil, 1, &kept)
            }
            #expect(bad.isNaN ? top.isNaN : top == abs(bad))
            #expect(kept == before)
          }
        }
      }
    }
  }

  @Test("takes the difference from a base in float", arguments: KernelPath.available, counts)
  func difference(path: KernelPath, count: Int) {
    var numbers = Numbers(UInt64(count) + 9)
    let (x, base) = (numbers.floats(count + 1), numbers.floats(count + 1))
    var sums = [Int64](repeating: 7, count: count + 1)
    let top = path.run { fx_accumulate(Int64(count), x, base, 0x1p32, &sums) }
    let difference = zip(x, base).map { $0 - $1 }[..<count]
    #expect(top == difference.map(abs).max() ?? 0)
    #expect(sums == difference.map { 7 + Int64((Double($0) * 0x1p32).rounded(.toNearestOrEven)) } + [7])
  }

  @Test("of many vectors is that of one after the other, or none", arguments: KernelPath.available, [0, 1, 17, 1003])
  func many(path: KernelPath, count: Int) {
    for vectors in [1, 3, 4, 9] {
      var numbers = Numbers(UInt64(count + vectors))
      var memory = (0..<vectors).map { _ in numbers.floats(count + 2) }
      let scales = (0..<vectors).map { 0x1p32 / Double($0 + 3) }
      var one = [Int64](repeating: 11, count: count)
      var tops: [Float] = []
      for (vector, scale) in zip(memory, scales) {
        let part = Array(vector[2...])
        tops.append(path.run { fx_accumulate(Int64(count), part, nil, scale, &one) })
      }
      var (all, allTops) = ([Int64](repeating: 11, count: count), [Float](repeating: 0, count: vectors))
      func add() -> Int32 {
        let blocks = memory.map { vector in
          let block = UnsafeMutablePointer<Float>.allocate(capacity: vector.count)
          block.initialize(from: vector, count: vector.count)
          return block
        }
        defer { for block in blocks { block.deallocate() } }
        return path.run {
          fx_accumulate_many(
            Int64(count), Int32(vectors), blocks.map { UnsafePointer($0) }, 2, scales, &all, &allTops)
        }
      }
      #expect(add() == 1)
      #expect(all == one)
      #expect(allTops == tops)
      guard count > 0 else { continue }
      memory[vectors - 1][count + 1] = .infinity
      #expect(add() == 0)
      #expect(all == one)
    }
  }
}
