import FluxionCalculus
import FluxionData
import Testing

@Suite("The order of batches")
struct BatchOrderTests {
  @Test("holds every example once, the last batch smaller and never dropped", arguments: [1, 2, 3, 7, 10, 11, Int.max])
  func covers(_ batchSize: Int) {
    var order = BatchOrder(batchSize: batchSize)
    let examples = (100..<110).map { Int32($0) }
    order.shuffle(examples[...], key: RandomKey(seed: 1))
    #expect(order.batchCount == (batchSize == .max ? 1 : (10 + batchSize - 1) / batchSize))
    var seen: [Int32] = []
    for batch in 0..<order.batchCount {
      order.withBatch(batch) { indices in
        #expect(batch == order.batchCount - 1 || indices.count == batchSize)
        #expect(!indices.isEmpty)
        seen += indices
      }
    }
    #expect(seen.sorted() == examples)
    #expect(seen == order.indices)
  }

  @Test("has batches of the sizes that are foretold", arguments: [1, 2, 3, 7, 10, 11, Int.max])
  func sizes(_ batchSize: Int) {
    for examples in 0...12 {
      var order = BatchOrder(batchSize: batchSize)
      order.keep((0..<Int32(examples)).map { $0 }[...])
      let sizes = Set((0..<order.batchCount).map { order.range(ofBatch: $0).count })
      #expect(BatchOrder.sizes(of: examples, batchSize: batchSize == .max ? nil : batchSize) == sizes.sorted(by: >))
    }
  }

  @Test("depends on the key and the examples, not on what the buffer held")
  func followsKey() {
    let examples = (0..<50).map { Int32($0) }
    var first = BatchOrder(batchSize: 8)
    first.shuffle(examples[...], key: RandomKey(seed: 3))
    let expected = first.indices
    first.shuffle(examples[10...], key: RandomKey(seed: 4))
    #expect(first.indices.sorted() == Array(examples[10...]))
    first.shuffle(examples[...], key: RandomKey(seed: 3))
    #expect(first.indices == expected)
    first.shuffle(examples[...], key: RandomKey(seed: 4))
    #expect(first.indices != expected)
    #expect(expected != examples)
  }

  @Test("is the given order where it is kept, and has no batch of nothing")
  func keeps() {
    var order = BatchOrder(batchSize: 4)
    order.keep([5, 3, 9][...])
    #expect(order.indices == [5, 3, 9])
    order.shuffle([], key: RandomKey(seed: 1))
    #expect(order.batchCount == 0)
  }

  @Test("uses its buffer again")
  func reuses() {
    var order = BatchOrder(batchSize: 4)
    let examples = (0..<1000).map { Int32($0) }
    order.shuffle(examples[...], key: RandomKey(seed: 1))
    let capacity = order.indices.capacity
    for size in [1000, 3, 0, 999] {
      order.shuffle(examples[..<size], key: RandomKey(seed: 1).folding("epoch", size))
      #expect(order.indices.capacity == capacity)
    }
  }

  /// Each of the 24 orders of four has probability 1/24; chi-squared with 23 degrees exceeds 49.7 with probability 0.001.
  @Test("shuffles every order alike")
  func uniform() {
    var counts: [[Int32]: Int] = [:]
    var order = BatchOrder(batchSize: 4)
    for draw in 0..<24_000 {
      order.shuffle([0, 1, 2, 3][...], key: RandomKey(seed: 5).folding("draw", draw))
      counts[order.indices, default: 0] += 1
    }
    #expect(counts.count == 24)
    let chiSquared = counts.values.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
    #expect(chiSquared < 49.7)
  }
}
