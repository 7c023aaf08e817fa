import FluxionCalculus
import FluxionCoordination
import FluxionExperiment
import FluxionFederation
import Foundation
import Testing

@Suite("The record of a run")
struct RunRecordTests {
  @Test("is read back from run.json")
  func roundTrip() throws {
    var record = Samples.demo()
    record.seed = .max
    record.rounds[3].testAccuracy = nil
    record.rounds[3].testLoss = nil
    record.rounds[4].parties = []
    let analyzed = Samples.analyzed()
    for round in record.rounds.indices {
      record.rounds[round].analysis = analyzed.rounds[round].analysis
      record.rounds[round].analysisSeconds = analyzed.rounds[round].analysisSeconds
    }
    record.rounds[4].analysis?.gradients.cosines[2][1] = nil
    record.rounds[4].analysis?.parties[1].noise = nil
    record.rounds[8].analysis?.hessian = nil
    record.rounds[8].analysis?.updates = nil
    let read = try RunRecord(decoding: Data(record.json.text().utf8))
    #expect(read == record)
    #expect(try RunRecord(decoding: JSONEncoder().encode(record)) == record)
  }

  @Test("says that a classifier which ended with the loss of a guess or a higher one learnt nothing")
  func guessing() throws {
    var record = Samples.demo()
    let last = try #require(record.rounds.lastIndex { $0.testLoss != nil })
    #expect(record.guessingNotice == nil)
    record.rounds[last].testLoss = 2.31
    #expect(
      record.guessingNotice
        == "the model does no better than guessing among 10 classes, which has a loss of 2.303; "
        + "the learning rate may be far too high, or too low")
    #expect(Report(record).html().contains("<p class=\"notice\" role=\"note\">The model does no better than guessing"))
    record.rounds[last].testLoss = 2.30
    #expect(record.guessingNotice == nil)
    // Values to predict have no guess to beat.
    record.rounds[last].testLoss = 2.31
    for party in record.partition?.parties.indices ?? 0..<0 { record.partition?.parties[party].labelHistogram = nil }
    #expect(record.guessingNotice == nil)
  }

  @Test("is the same text each time, its rounds last")
  func deterministic() {
    #expect(Samples.demo().json.text() == Samples.demo().json.text())
    guard case .object(let members) = Samples.demo().json else {
      Issue.record("no object")
      return
    }
    #expect(
      members.map(\.name) == [
        "formatVersion", "environment", "seed", "command", "configuration", "parameters", "modelSHA256", "stop",
        "timing", "baselines", "partition", "rounds",
      ])
  }

  @Test("has every stored property of rounds and parties, so that none is lost unnoticed")
  func complete() throws {
    let party = PartyRecord(
      party: 0, name: "a", samples: 1, steps: 1, trainLoss: 1, seconds: 1, hyperparameters: ["momentum": 0.5],
      weight: 1,
      staleness: 2)
    let round = RoundRecord(
      round: 1, trainLoss: 1, seconds: 1, simulatedSeconds: 1, bytesUp: 1, bytesDown: 1, parties: [party],
      tuning: TuningRecord(values: ["momentum": 0.5], alignments: ["momentum": -0.1]), notes: ["all is well"])
    let analysis = try #require(Samples.analyzed().rounds[0].analysis)
    let (updates, noise) = (try #require(analysis.updates), try #require(analysis.noise))
    let hessian = try #require(analysis.hessian)
    for (value, json) in [
      (Mirror(reflecting: party), JSONValue(party)), (Mirror(reflecting: round), JSONValue(round)),
      (Mirror(reflecting: analysis), JSONValue(analysis)), (Mirror(reflecting: updates), JSONValue(updates)),
      (Mirror(reflecting: analysis.parties[0]), JSONValue(analysis.parties[0])),
      (Mirror(reflecting: noise), JSONValue(noise)), (Mirror(reflecting: hessian), JSONValue(hessian)),
    ] {
      guard case .object(let members) = json else { continue }
      #expect(members.map(\.name).sorted() == value.children.compactMap(\.label).sorted())
    }
    #expect(
      Mirror(reflecting: Samples.demo()).children.compactMap(\.label).sorted()
        == (Samples.demo().json.names ?? []).sorted())
  }

  @Test("has null for losses that left the finite numbers, and reads it as NaN")
  func diverged() throws {
    var record = Samples.digits(parties: 2, rounds: 2)
    record.rounds[1].trainLoss = .infinity
    record.rounds[1].testLoss = .nan
    record.rounds[1].testMetrics["loss"] = .nan
    record.rounds[1].parties[1].trainLoss = .nan
    record.stop = .init(.error, message: "round 3: the loss is not finite", errorCode: "diverged")
    let text = record.json.text()
    #expect(text.contains("\"trainLoss\": null"))
    #expect(!text.lowercased().contains("nan"))
    let read = try RunRecord(decoding: Data(text.utf8))
    #expect(read.rounds[1].trainLoss.isNaN)
    #expect(read.rounds[1].testLoss == nil)
    #expect(read.rounds[1].parties[1].trainLoss.isNaN)
    #expect(read.stop == record.stop)
  }

  @Test(
    "of an unsound or later run.json is refused", arguments: ["", "{}", "[1]", "{\"formatVersion\": 1, \"rounds\": 3}"])
  func unsound(_ text: String) {
    #expect { try RunRecord(decoding: Data(text.utf8)) } throws: { ($0 as? FluxionError)?.code == .corruptData }
    #expect {
      try RunRecord(decoding: Data("{\"formatVersion\": 2}".utf8))
    } throws: {
      ($0 as? FluxionError)?.code == .unsupported
    }
  }

  @Test("has the columns of metrics.csv, empty where nothing was evaluated")
  func csv() {
    var round = RoundRecord(
      round: 3, testAccuracy: 0.5, testLoss: 1.25, trainLoss: 0.1, seconds: 2, evaluationSeconds: 0.5, bytesUp: 10,
      bytesDown: 20)
    #expect(round.csvLine == "3,0.5,1.25,0.1,2.0,0.5,10,20")
    round.testAccuracy = nil
    round.testLoss = nil
    round.trainLoss = .nan
    #expect(round.csvLine == "3,,,nan,2.0,0.5,10,20")
    #expect(
      RoundRecord.csvHeader == "round,testAccuracy,testLoss,trainLoss,seconds,evaluationSeconds,bytesUp,bytesDown")
  }
}

extension JSONValue {
  fileprivate var names: [String]? {
    guard case .object(let members) = self else { return nil }
    return members.map(\.name)
  }
}
