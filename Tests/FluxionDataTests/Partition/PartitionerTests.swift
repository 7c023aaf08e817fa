import FluxionCalculus
import Foundation
import Testing

@testable import FluxionData

@Suite("Partitioner")
struct PartitionerTests {
  @Test("shards gives a party at most two labels for each shard when labels are even")
  func shardsConcentrate() throws {
    let data = try Dataset(
      name: "even", features: [Float](repeating: 0, count: 1000), exampleShape: [1],
      targets: .classes(labels: (0..<1000).map { Int32($0 % 10) }, classCount: 10))
    for party in try data.partitioned(.shards(perParty: 2), parties: 10, seed: 3) {
      let held = party.labelHistogram().filter { $0 > 0 }
      #expect(held.count <= 2)
      #expect(held.allSatisfy { $0.isMultiple(of: 50) })
      // A shard is a run of the stable sort: within a label, positions ascend by tens.
      for (label, _) in party.labelHistogram().enumerated().filter({ $0.element == 50 }) {
        let positions = party.indices.filter { Int($0) % 10 == label }
        #expect(zip(positions, positions.dropFirst()).allSatisfy { $1 - $0 == 10 })
      }
    }
  }

  @Test("dirichlet gives a party few labels for a small alpha and all of them for a large one")
  func dirichletConcentration() throws {
    let data = try Dataset(
      name: "even", features: [Float](repeating: 0, count: 10_000), exampleShape: [1],
      targets: .classes(labels: (0..<10_000).map { Int32($0 % 10) }, classCount: 10))
    func largestShare(_ alpha: Double) throws -> Double {
      let partition = try data.partitioned(.dirichlet(alpha: alpha), parties: 20, seed: 5)
      let shares = partition.map { Double($0.labelHistogram().max() ?? 0) / Double($0.count) }
      return shares.reduce(0, +) / Double(shares.count)
    }
    #expect(try largestShare(0.01) > 0.7)
    #expect(try (0.3...0.7).contains(largestShare(0.5)))
    #expect(try largestShare(1000) < 0.16)
  }

  /// Mean 1/K and variance (1/K)(1 − 1/K)/(Kα + 1); standard errors of the sample moments are far below a tolerance.
  @Test("draws symmetric Dirichlet mixtures with the right mean and variance", arguments: [0.1, 0.5, 1, 3, 50])
  func dirichletMoments(_ alpha: Double) throws {
    let (draws, parts) = (20_000, 4)
    var generator = RandomKey(seed: 11).folding("moments").generator()
    var (sum, squares) = ([Double](repeating: 0, count: parts), [Double](repeating: 0, count: parts))
    for _ in 0..<draws {
      let mixture = generator.nextDirichlet(alpha: alpha, count: parts)
      #expect(abs(mixture.reduce(0, +) - 1) < 1e-12)
      for (part, share) in mixture.enumerated() {
        sum[part] += share
        squares[part] += share * share
      }
    }
    let variance = 0.25 * 0.75 / (4 * alpha + 1)
    for part in 0..<parts {
      let mean = sum[part] / Double(draws)
      #expect(abs(mean - 0.25) < 5 * (variance / Double(draws)).squareRoot())
      #expect(abs(squares[part] / Double(draws) - mean * mean - variance) < 0.05 * variance)
    }
  }

  /// Mean and variance of Gamma(α, 1) are α.
  @Test("draws gamma numbers with the right mean and variance", arguments: [0.3, 1, 2.5, 40])
  func gammaMoments(_ alpha: Double) {
    let count = 40_000
    var generator = RandomKey(seed: 12).folding("gamma").generator()
    let numbers: [Double] = (0..<count).map { _ in exp(generator.nextLogGamma(alpha: alpha)) }
    let mean: Double = numbers.reduce(0, +) / Double(count)
    let squares: Double = numbers.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    let variance = squares / Double(count)
    #expect(abs(mean - alpha) < 5 * (alpha / Double(count)).squareRoot())
    #expect(abs(variance - alpha) < 0.08 * alpha)
  }

  @Test("quantity makes sizes uneven for a small alpha, even for a large one, and keeps labels IID")
  func quantitySkew() throws {
    let data = try Samples.table(count: 10_000)
    let uneven = try data.partitioned(.quantity(alpha: 0.1), parties: 20, seed: 2).sizes
    let even = try data.partitioned(.quantity(alpha: 1e5), parties: 20, seed: 2)
    #expect((uneven.max() ?? 0) > 2000)
    #expect(even.sizes.allSatisfy { (480...520).contains($0) })
    let overall = data.all.labelHistogram().map { Double($0) / 10_000 }
    for party in even {
      for (count, share) in zip(party.labelHistogram(), overall) {
        #expect(abs(Double(count) / Double(party.count) - share) < 0.12)
      }
    }
  }

  @Test("column makes one party a distinct value, in order, and names it")
  func columnNames() throws {
    let data = try Samples.table(count: 100)
    let partition = try data.partitioned(.column("hospital"))
    #expect(partition.names == ["A", "B", "C", "D", "E", "F", "G"])
    let codes = data.columns[1].categories?.codes ?? []
    for (hospital, party) in partition.enumerated() {
      #expect(party.indices.allSatisfy { codes[Int($0)] == Int32(hospital) })
    }
    let wrong = fluxionError { try data.partitioned(.column("hospital"), parties: 6) }
    #expect(wrong?.message.contains("has 7 distinct values and so makes 7 parties, not 6") == true)
    let unknown = fluxionError { try data.partitioned(.column("hospitl")) }
    #expect(unknown?.message.contains("has no column \"hospitl\"; did you mean \"hospital\"?") == true)
    let images = fluxionError { try Dataset.digits().partitioned(.column("hospital")) }
    #expect(images?.message.contains("has no columns") == true)
  }

  @Test("refuses more shards than samples, and concentrations that are not positive finite numbers")
  func refusals() throws {
    let data = try Samples.table(count: 10)
    let shards = fluxionError { try data.partitioned(.shards(perParty: 4), parties: 3) }
    #expect(shards?.message.contains("3 parties of 4 shards each cannot share 10 samples") == true)
    for perParty in [0, -1, Int.max] {
      let error = fluxionError { try data.partitioned(.shards(perParty: perParty), parties: 3) }
      #expect(error?.code == .invalidArgument)
    }
    for alpha in [0, -1, Double.nan, .infinity] {
      #expect(fluxionError { try data.partitioned(.dirichlet(alpha: alpha), parties: 2) }?.code == .invalidArgument)
      #expect(fluxionError { try data.partitioned(.quantity(alpha: alpha), parties: 2) }?.code == .invalidArgument)
    }
  }

  @Test(
    "reads no other text than its forms, and names the nearest",
    arguments: [
      ("shard:2", "did you mean \"shards\""), ("dirichelt:0.5", "did you mean \"dirichlet\""), ("", "use one of iid"),
      ("iid:3", "gives iid an argument"), ("shards", "shards a party"), ("shards:0", "at least 1"),
      ("shards:two", "at least 1"), ("dirichlet", "concentration"), ("dirichlet:-1", "above 0"),
      ("dirichlet:nan", "above 0"), ("quantity:inf", "above 0"), ("column", "name of a column"),
      ("column:", "name of a column"), (":", "use one of"), ("shards:99999999999999999999", "at least 1"),
    ])
  func refusesText(_ text: String, _ sentence: String) {
    let error = fluxionError { try Partitioner(parsing: text) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "no error")")
  }

  @Test("keeps colons in a column's name")
  func columnWithColon() throws {
    #expect(try Partitioner(parsing: "column:a:b") == .column("a:b"))
  }

  @Test("deals the same bits as when it was written")
  func golden() throws {
    let data = try Samples.table(count: 12, classes: 3)
    let deals = try [Partitioner.iid, .shards(perParty: 2), .dirichlet(alpha: 0.5), .quantity(alpha: 0.5)].map {
      try data.partitioned($0, parties: 3, seed: 7).map { Array($0.indices) }
    }
    #expect(deals == Self.recorded)
  }

  static let recorded: [[[Int32]]] = [
    [[6, 3, 7, 0], [9, 2, 4, 5], [10, 8, 1, 11]],
    [[3, 5, 1, 2], [4, 9, 6, 7], [8, 11, 10, 0]],
    [[4, 9, 10, 0], [7, 6, 5, 8], [11, 2, 1, 3]],
    [[8, 10, 2, 11, 6, 3, 0, 1, 4, 9], [5], [7]],
  ]
}
