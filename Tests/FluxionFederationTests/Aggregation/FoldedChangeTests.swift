import FluxionFederation
import Testing

@Suite("A folded change")
struct FoldedChangeTests {
  static let aggregators: [any Aggregator] = [ExactMean(), KeepingUpdates()]

  @Test("counts as the difference of the two vectors", arguments: aggregators.indices)
  func difference(index: Int) throws {
    let aggregator = Self.aggregators[index]
    let (start, values): ([Float], [Float]) = ([0.125, -2, 1], [0.75, 5, 1.25])
    var (sum, expected) = (aggregator.makeAccumulator(count: 3), aggregator.makeAccumulator(count: 3))
    let change = zip(values, start).map { $0 - $1 }
    try change.withUnsafeBufferPointer { try expected.fold($0, weight: 5, client: 1) }
    var memory = values
    try memory.withUnsafeMutableBufferPointer { values in
      try start.withUnsafeBufferPointer { try sum.foldChange(of: values, from: $0, weight: 5, client: 1) }
    }
    #expect(try sum.finish() == expected.finish())
    #expect(sum.updates == expected.updates)
    #expect(try sum.finish() == change)
  }
}
