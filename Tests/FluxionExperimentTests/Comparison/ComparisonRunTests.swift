import FluxionCalculus
import FluxionCoordination
import FluxionData
import Foundation
import Testing

@testable import FluxionExperiment

@Suite("A comparison that is run")
struct ComparisonRunTests {
  /// Where a test writes to; gone at its end.
  private final class Place: Sendable {
    let url = FileManager.default.temporaryDirectory.appending(path: "fluxion-comparison-\(UUID())")
    deinit { try? FileManager.default.removeItem(at: url) }
  }

  private func comparison(
    at place: Place, seeds: String = "[1, 2]",
    variants: String = "[{ name: plain }, { name: twice, epochs: 2 }, { name: adam, optimizer: adam }]"
  ) throws -> Comparison {
    var comparison = try Comparison(
      yaml: """
        name: Small
        base: { parties: 3, partition: dirichlet:0.5, model: logistic, rounds: 2, threads: 1 }
        seeds: \(seeds)
        variants: \(variants)
        """)
    comparison.output = place.url.path
    return comparison
  }

  private func run(
    _ comparison: Comparison, at place: Place
  ) async throws -> (record: ComparisonRecord, isNew: [Bool]) {
    var isNew: [Bool] = []
    let outcome = try await comparison.run { event in
      if case .finished(_, _, let new) = event { isNew.append(new) }
    }
    #expect(outcome.directory.path == place.url.path)
    return (outcome.record, isNew)
  }

  @Test("deals the data to the same parties for all variants, and to others for another seed")
  func sameParties() async throws {
    let place = Place()
    let record = try await run(try comparison(at: place), at: place).record
    #expect(record.variants.count == 3 && record.variants.allSatisfy { $0.hasSameParties && $0.runs.count == 2 })
    let histograms = try record.variants.map { variant in
      try variant.runs.map { run in
        try RunRecord(decoding: Data(contentsOf: place.url.appending(path: "\(run.directory)/run.json"))).partition?
          .parties.map { $0.labelHistogram ?? [] } ?? []
      }
    }
    #expect(histograms.allSatisfy { $0 == histograms[0] })
    #expect(histograms[0][0] != histograms[0][1])
    #expect(Set(record.variants.flatMap { $0.runs.compactMap(\.modelSHA256) }).count == 6)
    #expect(record.settings["partition"] == "dirichlet:0.5" && record.variants[1].settings["epochs"] == 2)
    for name in ["compare.json", "comparison.html", "comparison.md", "charts/accuracy-by-bytes.svg"] {
      #expect(FileManager.default.fileExists(atPath: place.url.appending(path: name).path), "\(name)")
    }
  }

  @Test("says of a variant whose parties keep samples for validation that they train on fewer")
  func validation() async throws {
    let place = Place()
    let comparison = try comparison(
      at: place, seeds: "1", variants: "[{ name: all }, { name: kept, validation: parties:0.25 }]")
    let record = try await run(comparison, at: place).record
    #expect(record.variants.map(\.hasSameParties) == [true, false])
    let (all, kept) = (record.variants[0].trainingSamples, record.variants[1].trainingSamples)
    #expect(abs(Double(kept) - 0.75 * Double(all)) < 5)
  }

  @Test("goes on where it was interrupted, to the same results")
  func resumption() async throws {
    let (whole, place) = (Place(), Place())
    let expected = try await run(try comparison(at: whole), at: whole).record
    struct Enough: Error {}
    let interrupted = try comparison(at: place)
    await #expect(throws: Enough.self) {
      _ = try await interrupted.run { event in
        // In the middle of the third run.
        if case .experiment(.round(let round)) = event, round.round == 1,
          FileManager.default.fileExists(atPath: place.url.appending(path: "runs/adam").path)
        {
          throw Enough()
        }
      }
    }
    let between = try JSONDecoder().decode(
      ComparisonRecord.self, from: Data(contentsOf: place.url.appending(path: "compare.json")))
    #expect(between.progress.done == 2)
    let (record, isNew) = try await run(interrupted, at: place)
    #expect(isNew == [false, false, true, true, true, true])
    func digests(_ record: ComparisonRecord) -> [[String?]] { record.variants.map { $0.runs.map(\.modelSHA256) } }
    #expect(digests(record) == digests(expected))
    var faster = interrupted
    for index in faster.variants.indices { faster.variants[index].experiment.threads = 2 }
    #expect(try await run(faster, at: place).isNew.allSatisfy { !$0 }, "threads change nothing")
    let more = try comparison(at: place, seeds: "[1, 2, 3]")
    #expect(try await run(more, at: place).isNew == [false, false, false, false, false, false, true, true, true])
  }

  @Test("does not take a finished run of another configuration for its own")
  func otherConfiguration() async throws {
    let place = Place()
    _ = try await run(try comparison(at: place), at: place)
    let other = try comparison(at: place, variants: "[{ name: plain, learningRate: 0.3 }, { name: b, epochs: 3 }]")
    let error = await #expect(throws: FluxionError.self) { _ = try await other.run() }
    #expect(
      error?.message.contains(
        "runs/plain/seed-1 holds a finished run with learningRate 0.05, and here it is 0.3; name another") == true,
      "\(error?.message ?? "")")
  }

  @Test("puts a variant that diverges on record, and goes on")
  func divergence() async throws {
    let place = Place()
    var comparison = try Comparison(
      yaml: """
        base: { data: synthetic-linear, parties: 4, rounds: 40, threads: 1 }
        seeds: [1, 2]
        variants: [{ name: high, learningRate: 5 }, { name: good, learningRate: 0.05 }]
        """)
    comparison.output = place.url.path
    let (record, _) = try await run(comparison, at: place)
    #expect(record.variants[0].runs.allSatisfy(\.isDiverged) && record.diverged.count == 2)
    #expect(record.variants[1].runs.allSatisfy { $0.stop?.reason == .rounds && $0.rounds.count == 40 })
    let round = try #require(record.variants[0].runs[0].divergedRound)
    #expect(record.variants[0].runs[0].stop?.message?.contains("in round \(round)") == true)
    #expect(try await run(comparison, at: place).isNew == [false, false, false, false], "it would diverge again")
  }

  @Test("refuses what cannot run before anything does")
  func refusal() async throws {
    let place = Place()
    let partition = try comparison(
      at: place, variants: "[{ name: a }, { name: b, partition: iid }]")
    var error = await #expect(throws: FluxionError.self) { _ = try await partition.run() }
    #expect(error?.message.contains("\"a\" has partition dirichlet:0.5 and \"b\" has iid") == true)
    let model = try comparison(at: place, variants: "[{ name: a }, { name: b, algorithm: fedsgd, epochs: 2 }]")
    error = await #expect(throws: FluxionError.self) { _ = try await model.run() }
    #expect(error?.message.hasPrefix("\"b\": fedsgd takes one gradient a round") == true)
    #expect(!FileManager.default.fileExists(atPath: place.url.path))
  }
}
