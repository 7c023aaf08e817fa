import FluxionCalculus
import FluxionData
import Testing

/// Over the rows of the partitioners' contract: what is kept for validation goes with every partitioner.
@Suite("Validation share")
struct ValidationShareTests {
  static let shares: [ValidationShare] = [.parties(0.1), .parties(0.5), .server(0.05), .server(0.4)]
  /// Those that leave enough for every party when the server keeps a part.
  static let rows = PartitionerContractTests.rows.filter {
    ($0.parties ?? 7) <= 40 && $0.sizeSpread != 0 || $0.parties == 1
  }

  private func places(_ partition: Partition) -> [Int32] {
    partition.flatMap(\.indices) + (0..<partition.count).flatMap { partition.validation(of: $0).indices }
      + (partition.validation.map { Array($0.indices) } ?? []) + (partition.test.map { Array($0.indices) } ?? [])
  }

  @Test("leaves every sample in exactly one place and no party without training samples", arguments: rows, shares)
  func covers(_ row: PartitionerContractTests.Row, _ share: ValidationShare) throws {
    let data = try Samples.table(count: row.samples)
    let split = try data.split(testFraction: 0.2, seed: 3)
    let partition = try split.partitioned(row.partitioner, parties: row.parties, seed: 5, validation: share)
    #expect(places(partition).sorted() == (0..<Int32(row.samples)).map { $0 })
    #expect(partition.allSatisfy { !$0.isEmpty })
    switch share {
    case .parties(let fraction):
      #expect(partition.validation == nil)
      #expect(partition.hasPartyValidation)
      for party in 0..<partition.count {
        let kept = partition.validation(of: party).count
        let whole = kept + partition[party].count
        #expect(kept == (whole == 1 ? 0 : min(whole - 1, max(1, Int((Double(whole) * fraction).rounded())))))
      }
    case .server(let fraction):
      #expect(partition.validation?.count == Int((Double(split.train.count) * fraction).rounded()))
      #expect(!partition.hasPartyValidation)
      #expect((0..<partition.count).allSatisfy { partition.validation(of: $0).isEmpty })
    }
  }

  @Test("takes a party's share from what the party would hold without it", arguments: rows)
  func takesFromTheSameDeal(_ row: PartitionerContractTests.Row) throws {
    let data = try Samples.table(count: row.samples)
    let plain = try data.partitioned(row.partitioner, parties: row.parties, seed: 5)
    let kept = try data.partitioned(row.partitioner, parties: row.parties, seed: 5, validation: .parties(0.25))
    #expect(kept.names == plain.names)
    for party in 0..<plain.count {
      #expect((kept[party].indices + kept.validation(of: party).indices).sorted() == plain[party].indices.sorted())
    }
  }

  @Test("is a function of the seed, and another seed keeps other samples", arguments: shares)
  func followsSeed(_ share: ValidationShare) throws {
    let data = try Samples.table(count: 500)
    func kept(_ seed: UInt64) throws -> [[Int32]] {
      let partition = try data.partitioned(.column("hospital"), seed: seed, validation: share)
      return (0..<partition.count).map { Array(partition.validation(of: $0).indices) }
        + [partition.validation.map { Array($0.indices) } ?? []]
    }
    #expect(try kept(1) == kept(1))
    #expect(try kept(1) != kept(2))
  }

  @Test("leaves a party of one sample that sample to train on, and no validation")
  func partyOfOne() throws {
    let data = try Samples.table(count: 10)
    let partition = try data.partitioned(.iid, parties: 10, validation: .parties(0.9))
    #expect(partition.sizes == [Int](repeating: 1, count: 10))
    #expect((0..<10).allSatisfy { partition.validation(of: $0).isEmpty })
    let pairs = try Samples.regression(count: 20).partitioned(.iid, parties: 10, validation: .parties(0.01))
    #expect((0..<10).allSatisfy { pairs[$0].count == 1 && pairs.validation(of: $0).count == 1 })
  }

  @Test("keeps the same part of every class")
  func stratifies() throws {
    let labels = (0..<1000).map { Int32($0 % 4) }
    let data = try Dataset(
      name: "even", features: [Float](repeating: 0, count: 1000), exampleShape: [1],
      targets: .classes(labels: labels, classCount: 4))
    #expect(
      try data.partitioned(.iid, parties: 3, validation: .server(0.1)).validation?.labelHistogram() == [25, 25, 25, 25])
    let parties = try data.partitioned(.iid, parties: 1, validation: .parties(0.2))
    #expect(parties.validation(of: 0).labelHistogram() == [50, 50, 50, 50])
  }

  @Test("refuses fractions that leave nothing on one side, and fewer samples than parties once the server has its own")
  func refuses() throws {
    let data = try Samples.table(count: 20)
    for fraction in [0, 1, -0.1, Double.nan, .infinity] {
      for share in [ValidationShare.parties(fraction), .server(fraction)] {
        let error = fluxionError { try data.partitioned(.iid, parties: 2, validation: share) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("between 0 and 1") == true)
      }
    }
    let error = fluxionError { try data.partitioned(.iid, parties: 20, validation: .server(0.1)) }
    #expect(error?.message == "20 parties cannot share 18 samples of \"table\"; use at most 18 parties")
  }

  @Test("has a text form that reads back, and says what would be right for any other text")
  func textForm() throws {
    for share in Self.shares { #expect(try ValidationShare(parsing: share.description) == share) }
    func message(_ text: String) -> String? { fluxionError { try ValidationShare(parsing: text) }?.message }
    #expect(
      message("partys:0.1")
        == "there is no validation \"partys:0.1\"; did you mean \"parties\"? use parties:FRACTION or server:FRACTION")
    for text in ["parties", "server:", "server:1", "parties:0", "parties:ten", "parties:0.1:2"] {
      #expect(message(text)?.contains("needs the part that is kept, a number between 0 and 1") == true, "\(text)")
    }
    #expect(message("")?.contains("use parties:FRACTION or server:FRACTION") == true)
  }
}
