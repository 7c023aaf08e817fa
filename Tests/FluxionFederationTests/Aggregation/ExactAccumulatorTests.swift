import FluxionCalculus
import FluxionFederation
import Testing

@Suite("ExactAccumulator")
struct ExactAccumulatorTests {
  private struct Contribution {
    var values: [Float]
    var weight: Double
  }

  /// Contributions whose elements span magnitudes up to a bound.
  private func contributions(_ count: Int, elements: Int, magnitude: Float, seed: Int) -> [Contribution] {
    var generator = RandomKey(seed: 3).folding("contributions", seed).generator()
    return (0..<count).map { _ in
      let values = (0..<elements).map { index -> Float in
        let exponent = Float(index % 7) / 6
        return (generator.nextUniform() * 2 - 1) * (1 + (magnitude - 1) * exponent * exponent * exponent)
      }
      return Contribution(values: values, weight: Double(1 + generator.next() % 6000))
    }
  }

  private func mean(_ contributions: [Contribution], grouping: Int = .max) throws -> [UInt32] {
    let count = contributions[0].values.count
    var total = ExactAccumulator(count: count)
    var group = ExactAccumulator(count: count)
    for contribution in contributions {
      try group.add(contribution.values, weight: contribution.weight)
      if group.contributions == grouping {
        total.merge(group)
        group.reset()
      }
    }
    total.merge(group)
    #expect(total.contributions == contributions.count)
    return total.mean().map(\.bitPattern)
  }

  @Test("gives the same bits in any order and grouping", arguments: [1, 90, 1e4, 1e8] as [Float])
  func orderIndependence(magnitude: Float) throws {
    let some = contributions(40, elements: 23, magnitude: magnitude, seed: 1)
    let expected = try mean(some)
    var generator = RandomKey(seed: 5).generator()
    for grouping in [1, 3, 7, 39] {
      #expect(try mean(some.shuffled(using: &generator), grouping: grouping) == expected)
    }
  }

  @Test("is the weighted mean to the last place of a float", arguments: [1, 90, 1e4, 1e8] as [Float])
  func accuracy(magnitude: Float) throws {
    let some = contributions(40, elements: 23, magnitude: magnitude, seed: 2)
    let weight = some.map(\.weight).reduce(0, +)
    let actual = try mean(some).map { Float(bitPattern: $0) }
    for index in actual.indices {
      let exact = some.map { Double($0.values[index]) * $0.weight }.reduce(0, +) / weight
      // Half a unit in the last place for the result, and the rounding of each product.
      let products = some.map { abs(Double($0.values[index]) * $0.weight) }
      let rounding = products.map { $0 < 0x1p19 ? 0x1p-33 : 0x1p-9 }.reduce(0, +) / weight
      #expect(abs(Double(actual[index]) - exact) <= abs(exact) * 0x1p-24 + rounding + 0x1p-149)
    }
  }

  @Test("does not overflow over many contributions of the largest fine size")
  func carrying() throws {
    var sum = ExactAccumulator(count: 2)
    for _ in 0..<5000 { try sum.add([500_000, -1], weight: 1) }
    #expect(sum.mean() == [500_000, -1])
  }

  @Test("does not overflow over many contributions of the largest size that is taken")
  func largest() throws {
    var sum = ExactAccumulator(count: 2)
    for _ in 0..<3000 { try sum.add([0x1p42, -0x1p42], weight: 1) }
    var total = sum
    for _ in 0..<3 { total.merge(sum) }
    #expect(total.mean() == [0x1p42, -0x1p42])
  }

  @Test(
    "refuses what is not finite or absurdly large, and keeps what it had",
    arguments: [.nan, .infinity, 1e38] as [Float])
  func refusal(bad: Float) throws {
    var sum = ExactAccumulator(count: 3)
    try sum.add([1, 2, 3], weight: 2)
    let error = #expect(throws: FluxionError.self) { try sum.add([0, bad, 0], weight: 2) }
    #expect(error?.code == .diverged)
    #expect(sum.mean() == [1, 2, 3])
    #expect(sum.contributions == 1)
    #expect(sum.weight == 2)
  }

  @Test(
    "refuses a wrong count and weights that are not positive numbers", arguments: [0, -1, .nan, .infinity] as [Double])
  func badWeight(weight: Double) throws {
    var sum = ExactAccumulator(count: 1)
    #expect(throws: FluxionError.self) { try sum.add([1], weight: weight) }
    #expect(throws: FluxionError.self) { try sum.add([1, 2], weight: 1) }
    #expect(sum.mean() == [0])
  }

  @Test("takes fractional weights")
  func fractions() throws {
    var sum = ExactAccumulator(count: 1)
    try sum.add([1], weight: 0.25)
    try sum.add([5], weight: 0.75)
    #expect(sum.mean() == [4])
  }

  /// The mean of vectors that are all there.
  private func meanTogether(_ some: [Contribution]) throws -> [UInt32] {
    let memory = some.map { contribution in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: contribution.values.count)
      _ = buffer.initialize(fromContentsOf: contribution.values)
      return buffer
    }
    defer { for buffer in memory { buffer.deallocate() } }
    var mean = [Float](repeating: 0, count: some[0].values.count)
    try mean.withUnsafeMutableBufferPointer { mean in
      try ExactAccumulator.writeMean(
        of: memory.map { UnsafeBufferPointer($0) }, weights: some.map(\.weight), to: mean)
    }
    return mean.map(\.bitPattern)
  }

  @Test("writes the mean of vectors that are all there as it adds one after the other", arguments: [1, 1e8] as [Float])
  func together(magnitude: Float) throws {
    // Several blocks and a part of one, and more than a group.
    for (vectors, elements) in [(3, 70_000), (6, 65_536), (1100, 5)] {
      let some = contributions(vectors, elements: elements, magnitude: magnitude, seed: 3)
      #expect(try meanTogether(some) == (try mean(some)))
    }
  }

  @Test("refuses a vector with an element that is not finite, of another length, or without a weight")
  func togetherRefusal() throws {
    var some = contributions(4, elements: 70_000, magnitude: 1, seed: 4)
    some[2].values[69_000] = .nan
    #expect(#expect(throws: FluxionError.self) { try meanTogether(some) }?.code == .diverged)
    some[2].values[69_000] = 0
    some[2].weight = 0
    #expect(#expect(throws: FluxionError.self) { try meanTogether(some) }?.code == .invalidArgument)
    some[2].weight = 1
    some[2].values.removeLast()
    #expect(#expect(throws: FluxionError.self) { try meanTogether(some) }?.code == .invalidArgument)
  }

  @Test("adds a difference as it adds the vector of differences", arguments: [1, 1e8] as [Float])
  func difference(magnitude: Float) throws {
    let some = contributions(2, elements: 1001, magnitude: magnitude, seed: 6)
    let (values, base) = (some[0].values, some[1].values)
    var (sum, expected) = (ExactAccumulator(count: 1001), ExactAccumulator(count: 1001))
    try values.withUnsafeBufferPointer { values in
      try base.withUnsafeBufferPointer { try sum.add(values, minus: $0, weight: 3) }
    }
    try expected.add(zip(values, base).map { $0 - $1 }, weight: 3)
    #expect(sum.mean().map(\.bitPattern) == expected.mean().map(\.bitPattern))
  }
}
