import FluxionCalculus
import FluxionData
import Testing

/// What every partitioner must do; a new one is a row in ``rows``.
@Suite("Every partitioner")
struct PartitionerContractTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var partitioner: Partitioner
    var parties: Int?
    var samples = 1003
    /// Sizes differ by at most this; nil where the partitioner is about uneven sizes.
    var sizeSpread: Int?
    var drawsAtRandom = true
    var needsLabels = false

    var testDescription: String { "\(partitioner) over \(parties.map(String.init) ?? "its own") parties" }
  }

  static let rows: [Row] = [
    Row(partitioner: .iid, parties: 10, sizeSpread: 1),
    Row(partitioner: .iid, parties: 1, sizeSpread: 0),
    Row(partitioner: .iid, parties: 1003, sizeSpread: 0),
    Row(partitioner: .shards(perParty: 2), parties: 10, sizeSpread: 2, needsLabels: true),
    Row(partitioner: .shards(perParty: 1), parties: 1003, sizeSpread: 0, needsLabels: true),
    Row(partitioner: .shards(perParty: 7), parties: 9, sizeSpread: 7, needsLabels: true),
    Row(partitioner: .dirichlet(alpha: 0.5), parties: 10, sizeSpread: 1, needsLabels: true),
    Row(partitioner: .dirichlet(alpha: 1e-3), parties: 30, sizeSpread: 1, needsLabels: true),
    Row(partitioner: .dirichlet(alpha: 1e-300), parties: 30, sizeSpread: 1, needsLabels: true),
    Row(partitioner: .dirichlet(alpha: 1e300), parties: 30, sizeSpread: 1, needsLabels: true),
    Row(partitioner: .dirichlet(alpha: 5), parties: 1003, sizeSpread: 0, needsLabels: true),
    Row(partitioner: .quantity(alpha: 0.5), parties: 10),
    Row(partitioner: .quantity(alpha: 1e-300), parties: 40),
    Row(partitioner: .quantity(alpha: 3), parties: 1003, sizeSpread: 0),
    Row(partitioner: .column("hospital"), parties: nil, drawsAtRandom: false),
    Row(partitioner: .column("hospital"), parties: 7, drawsAtRandom: false),
    Row(partitioner: .column("label"), parties: nil, drawsAtRandom: false),
    Row(partitioner: .column("position"), parties: nil, sizeSpread: 0, drawsAtRandom: false),
  ]

  @Test("puts every sample in exactly one party, none empty, sizes as promised", arguments: rows)
  func covers(_ row: Row) throws {
    let data = try Samples.table(count: row.samples)
    for seed in 0..<5 {
      let partition = try data.partitioned(row.partitioner, parties: row.parties, seed: UInt64(seed))
      if let parties = row.parties { #expect(partition.count == parties) }
      #expect(partition.names.count == partition.count)
      #expect(Set(partition.names).count == partition.count)
      #expect(partition.flatMap(\.indices).sorted() == (0..<Int32(row.samples)).map { $0 })
      let sizes = partition.map(\.count)
      #expect(partition.sizes == sizes)
      #expect(sizes.allSatisfy { $0 >= 1 })
      if let spread = row.sizeSpread, let most = sizes.max(), let least = sizes.min() {
        #expect(most - least <= spread, "sizes \(sizes)")
      }
    }
  }

  @Test("deals a view's examples and no others, and keeps the test part beside", arguments: rows)
  func staysInView(_ row: Row) throws {
    let data = try Samples.table(count: row.samples * 2)
    let split = try data.split(testFraction: 0.5, seed: 4)
    let parties = row.partitioner == .column("position") ? nil : row.parties
    let partition = try split.partitioned(row.partitioner, parties: parties, seed: 1)
    #expect(partition.flatMap(\.indices).sorted() == Array(split.train.indices))
    #expect(partition.pooled.indices.sorted() == Array(split.train.indices))
    #expect(partition.test?.indices == split.test.indices)
  }

  @Test("is a function of the seed, and another seed deals otherwise", arguments: rows)
  func followsSeed(_ row: Row) throws {
    let data = try Samples.table(count: row.samples)
    let deals = try [1, 1, 2].map { seed in
      try data.partitioned(row.partitioner, parties: row.parties, seed: seed).map { Array($0.indices) }
    }
    #expect(deals[0] == deals[1])
    #expect((deals[0] != deals[2]) == row.drawsAtRandom)
  }

  @Test("has a text form that reads back", arguments: rows)
  func textForm(_ row: Row) throws {
    #expect(try Partitioner(parsing: row.partitioner.description) == row.partitioner)
  }

  @Test("refuses no parties, and more parties than samples", arguments: rows.filter(\.drawsAtRandom))
  func refusesCounts(_ row: Row) throws {
    let data = try Samples.table(count: 10)
    for parties in [0, -1, Int.min] {
      let error = fluxionError { try data.partitioned(row.partitioner, parties: parties) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains("at least 1 party") == true)
    }
    for parties in [11, Int.max] {
      let error = fluxionError { try data.partitioned(row.partitioner, parties: parties) }
      #expect(error?.message.hasPrefix("\(parties) parties cannot share 10 samples") == true)
    }
    #expect(fluxionError { try data.partitioned(row.partitioner) }?.message.contains("number of parties") == true)
    let none = try data.subset([])
    #expect(fluxionError { try none.partitioned(row.partitioner, parties: 1) }?.code == .invalidArgument)
  }

  @Test("goes by label only where there are labels", arguments: rows.filter { $0.drawsAtRandom })
  func needsLabels(_ row: Row) throws {
    let data = try Samples.regression(count: row.samples)
    let error = fluxionError { try data.partitioned(row.partitioner, parties: row.parties) }
    #expect((error?.message.contains("regression targets") == true) == row.needsLabels)
    #expect((error == nil) == !row.needsLabels)
  }

  @Test("deals 120,000 samples to 100,000 parties", arguments: rows.filter(\.drawsAtRandom))
  func scales(_ row: Row) throws {
    let data = try Samples.table(count: 120_000)
    let partitioner = if case .shards = row.partitioner { Partitioner.shards(perParty: 1) } else { row.partitioner }
    let partition = try data.partitioned(partitioner, parties: 100_000, seed: 1)
    #expect(partition.count == 100_000)
    #expect(Set(partition.indices).count == 120_000)
    #expect(partition.offsets.last == 120_000)
  }
}
