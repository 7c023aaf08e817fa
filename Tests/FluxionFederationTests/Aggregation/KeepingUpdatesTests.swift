import FluxionFederation
import Testing

@Suite("Updates kept one by one")
struct KeepingUpdatesTests {
  private static func folded(_ updates: [ClientUpdate]) throws -> any UpdateAccumulator {
    var sum = KeepingUpdates().makeAccumulator(count: 2)
    for update in updates {
      try update.values.withUnsafeBufferPointer { try sum.fold($0, weight: update.weight, client: update.client) }
    }
    return sum
  }

  private static let updates = [
    ClientUpdate(client: 3, weight: 1, values: [1, 2]), ClientUpdate(client: 0, weight: 2, values: [3, -1]),
    ClientUpdate(client: 7, weight: 1, values: [-5, 4]),
  ]

  @Test("come in the order of clients whoever took them, and the aggregate is that of the aggregator inside")
  func keeps() throws {
    var sum = try Self.folded([Self.updates[0]])
    try sum.merge(try Self.folded(Array(Self.updates[1...])))
    #expect(sum.updates == Self.updates.sorted { $0.client < $1.client })
    #expect(try sum.finish() == [0.5, 1])
  }

  @Test("are forgotten on reset; a sum alone keeps none")
  func resets() throws {
    var sum = try Self.folded(Self.updates)
    sum.reset()
    #expect(sum.updates == [])
    #expect(ExactMean().makeAccumulator(count: 2).updates == nil)
  }

  @Test("a refused update is not kept")
  func refuses() throws {
    var sum = try Self.folded([Self.updates[0]])
    #expect(throws: (any Error).self) {
      try [Float.nan, 1].withUnsafeBufferPointer { try sum.fold($0, weight: 1, client: 1) }
    }
    #expect(sum.updates == [Self.updates[0]])
  }
}
