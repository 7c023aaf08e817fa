import FluxionCalculus
import FluxionClient
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionServer
import Foundation
import Testing

@Suite("Parties with tables of their own", .timeLimit(.minutes(10)))
struct TableTests {
  /// Two hospitals, of which the second has seen neither every class nor every text.
  private static let header = "age,blood,hospital,outcome"
  private static let rows = (0..<60).map { row in
    let second = row % 2 == 1
    return "\(20 + row * 7 % 50),\(second ? "a" : ["a", "b", "0"][row % 3]),\(second ? "south" : "north"),"
      + (second ? "well" : ["ill", "well", "dead"][row % 3])
  }

  @Test("files that are read as the server says come to the simulator's bits")
  func files() async throws {
    let text = ([Self.header] + Self.rows).joined(separator: "\n") + "\n"
    let whole = try Dataset.csv(text: text, name: "all", options: CSVOptions(labelColumn: "outcome"))
    let split = try whole.split(testFraction: 0.2, seed: 3).standardized()
    let partition = try split.partitioned(.column("hospital"))
    let task = LearningTask(.mlp(hidden: [4], classes: 3), loss: .softmaxCrossEntropy)
    var federation = try Federation(
      FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 8)), task)
    federation.partition = partition
    federation.table = partition.dataset.tableSchema
    let fixed = federation
    let folder = FileManager.default.temporaryDirectory.appending(path: "tables-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let outcome = try await fixed.serve { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in 0..<partition.count {
          let rows = partition[party].indices.map { Self.rows[Int($0)] }
          let file = folder.appending(path: "\(party).csv")
          try Data(([Self.header] + rows).joined(separator: "\n").utf8).write(to: file)
          let client = try FederatedClient(
            FederatedClient.Configuration(name: partition.name(of: party), port: port), data: .table(file.path))
          group.addTask { try await client.run() }
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.parameters.bits == (try await fixed.run(.inProcess)).parameters.bits)
  }

  @Test("a table that cannot be read as the server does, and one where the server has none, are refused by their owner")
  func misfits() async throws {
    let reference = try Dataset.csv(text: "age,outcome\n1,ill\n2,well\n3,ill\n", name: "reference")
    let file = FileManager.default.temporaryDirectory.appending(path: "misfit-\(UUID()).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("age,outcome\n1,cured\n".utf8).write(to: file)
    for (schema, part) in [(reference.tableSchema, "no class"), (nil, "shape")] {
      let task = LearningTask(.mlp(hidden: [4], classes: 2), loss: .softmaxCrossEntropy)
      var configuration = try GRPCTransport.Configuration(parties: ["a"])
      configuration.table = schema
      let transport = try GRPCTransport(task, input: [1], configuration)
      try await FederationServer(transport).serve { port in
        let client = try FederatedClient(.init(name: "a", port: port), data: .table(file.path))
        let error = await #expect(throws: FluxionError.self) { try await client.run() }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
      }
    }
  }
}
