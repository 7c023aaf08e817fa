import FluxionCalculus
import FluxionFederation
import Testing

@Suite("Cohort")
struct CohortTests {
  @Test(
    "is as many distinct clients as asked for, ascending", arguments: [(1, 1), (1, 2), (3, 10), (9, 10), (500, 900)])
  func shape(count: Int, registered: Int) {
    for round in 0..<20 {
      let cohort = Cohort.select(count, of: registered, key: RandomKey(seed: 7).folding("cohort", round))
      #expect(cohort.count == count)
      #expect(zip(cohort, cohort.dropFirst()).allSatisfy { $0 < $1 })
      #expect(cohort.allSatisfy { (0..<registered).contains($0) })
    }
  }

  @Test("is everyone if as many are asked for as there are, and nobody of nobody")
  func everyone() {
    #expect(Cohort.select(4, of: 4, key: RandomKey(seed: 1)) == [0, 1, 2, 3])
    #expect(Cohort.select(9, of: 4, key: RandomKey(seed: 1)) == [0, 1, 2, 3])
    #expect(Cohort.select(3, of: 0, key: RandomKey(seed: 1)) == [])
    #expect(Cohort.select(0, of: 3, key: RandomKey(seed: 1)) == [])
  }

  @Test("is a function of the key, and stays what it was")
  func replays() {
    let key = RandomKey(seed: 7).folding("cohort", 1)
    #expect(Cohort.select(5, of: 100_000, key: key) == Cohort.select(5, of: 100_000, key: key))
    #expect(Cohort.select(5, of: 100_000, key: key) != Cohort.select(5, of: 100_000, key: key.folding("cohort", 2)))
  }

  @Test("selects every client, and every pair of clients, equally often")
  func uniform() {
    let (count, registered, rounds) = (3, 8, 20_000)
    var singles = [Int](repeating: 0, count: registered)
    var pairs: [[Int]: Int] = [:]
    for round in 0..<rounds {
      let cohort = Cohort.select(count, of: registered, key: RandomKey(seed: 3).folding("cohort", round))
      for client in cohort { singles[client] += 1 }
      for (position, first) in cohort.enumerated() {
        for second in cohort[(position + 1)...] { pairs[[first, second], default: 0] += 1 }
      }
    }
    // Five standard deviations of a binomial count.
    func isNear(_ observed: Int, probability: Double) -> Bool {
      let expected = Double(rounds) * probability
      return abs(Double(observed) - expected) < 5 * (expected * (1 - probability)).squareRoot()
    }
    #expect(singles.allSatisfy { isNear($0, probability: 3.0 / 8) })
    #expect(pairs.count == 28 && pairs.values.allSatisfy { isNear($0, probability: 6.0 / 56) })
  }

  @Test("takes the size that a count or a fraction means")
  func sizes() throws {
    #expect(try CohortSize.all.size(of: 7) == 7)
    #expect(try CohortSize.count(3).size(of: 7) == 3)
    #expect(try CohortSize.fraction(0.5).size(of: 7) == 4)
    #expect(try CohortSize.fraction(0.001).size(of: 7) == 1)
    #expect(try CohortSize.fraction(1).size(of: 7) == 7)
  }

  @Test(
    "is refused for sizes that mean nothing",
    arguments: [
      CohortSize.count(0), .count(8), .count(-1), .fraction(0), .fraction(1.5), .fraction(.nan), .fraction(-0.1),
    ])
  func badSizes(size: CohortSize) {
    #expect(throws: FluxionError.self) { try size.size(of: 7) }
  }
}
