import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
@testable import FluxionServer
import FluxionWire
import Testing

@Suite("What several rounds at once hand out")
struct HandOutsTests {
  private func handOut(task: UInt64, round: Int, _ clients: [Int]) throws -> HandOut {
    let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1))
    let parameters = Parameters(zerosFor: try ParameterLayout([("w", [2])]))
    return try HandOut(
      task: task,
      request: TrainingRequest(
        round: round, clients: clients,
        plan: algorithm.plan(round: round, state: algorithm.initialState(for: parameters)), parameters: parameters,
        key: RandomKey(seed: 7)), deliver: { _ in })
  }

  private func judgement(_ handOuts: HandOuts, task: UInt64, round: Int, client: Int) -> Judgement? {
    UpdateGate(run: "run", maximumSamples: 10).judgement(
      on: ReportedTask(run: "run", round: round, task: task), of: client, handOuts)
  }

  @Test("a round under way is given to more clients under its task, and one that is over to nobody")
  func extended() throws {
    var handOuts = HandOuts()
    handOuts.begin(try handOut(task: 5, round: 1, [1, 4]))
    #expect(handOuts.extend(1, by: [3])?.request.clients == [1, 3, 4])
    #expect(handOuts.extend(2, by: [3]) == nil)
    #expect(handOuts.awaiting(3)?.task == 5)
    _ = handOuts.update(5) { $0.close() }
    #expect(handOuts.extend(1, by: [6]) == nil)
    #expect(handOuts.awaiting(3) == nil)
  }

  @Test("reports of every round that is awaited are judged, those of a round that is over are late, and others refused")
  func judged() throws {
    var handOuts = HandOuts()
    for (task, round, clients) in [(UInt64(5), 1, [0, 1]), (6, 2, [2]), (8, 3, [3])] {
      handOuts.begin(try handOut(task: task, round: round, clients))
    }
    #expect(judgement(handOuts, task: 5, round: 1, client: 0) == nil)
    #expect(judgement(handOuts, task: 6, round: 2, client: 2) == nil)
    #expect(judgement(handOuts, task: 6, round: 2, client: 0) == .verdict(.notSelected))
    #expect(judgement(handOuts, task: 7, round: 2, client: 0) == .verdict(.late))
    _ = handOuts.update(6) { $0.close() }
    #expect(judgement(handOuts, task: 6, round: 2, client: 2) == .verdict(.late))
    for (task, round) in [(UInt64(9), 3), (0, 1), (5, 2)] {
      guard case .verdict(.refused) = judgement(handOuts, task: task, round: round, client: 0) else {
        Issue.record("task \(task) of round \(round) is taken")
        continue
      }
    }
  }

  @Test("a record makes everything count that was accepted until then, of whatever round, once")
  func recorded() throws {
    var handOuts = HandOuts()
    handOuts.begin(try handOut(task: 5, round: 1, [0, 1]))
    handOuts.begin(try handOut(task: 6, round: 2, [2, 3]))
    _ = handOuts.update(5) { $0.answer(1, .accepted) }
    _ = handOuts.update(6) { $0.answer(2, .accepted) }
    _ = handOuts.update(6) { $0.answer(3, .refused(ClientFailure(.malformed, ""))) }
    #expect(judgement(handOuts, task: 5, round: 1, client: 1) == .untilRecorded)
    let counted = handOuts.record()
    #expect(counted.map(\.task) == [5, 6] && counted.map(\.round) == [1, 2] && counted.map(\.clients) == [[1], [2]])
    #expect(handOuts.record().isEmpty && handOuts.drop().isEmpty)
    #expect(judgement(handOuts, task: 5, round: 1, client: 1) == .verdict(.accepted))
    _ = handOuts.update(5) { $0.answer(0, .accepted) }
    #expect(judgement(handOuts, task: 5, round: 1, client: 0) == .untilRecorded)
    #expect(handOuts.record().map(\.clients) == [[0]])
  }

  @Test("what was accepted in a round without record is late, also when the client asks again")
  func dropped() throws {
    var handOuts = HandOuts()
    handOuts.begin(try handOut(task: 5, round: 1, [0, 1]))
    _ = handOuts.update(5) { $0.answer(0, .accepted) }
    #expect(handOuts.drop().map(\.clients) == [[0]])
    _ = handOuts.update(5) { $0.answer(1, .accepted) }
    #expect(handOuts.record().map(\.clients) == [[1]])
    #expect(judgement(handOuts, task: 5, round: 1, client: 0) == .verdict(.late))
  }

  @Test("answers are kept of the latest tasks that are over")
  func past() throws {
    var handOuts = HandOuts()
    for task in UInt64(1)...9 {
      handOuts.begin(try handOut(task: task, round: Int(task), [0]))
      _ = handOuts.update(task) { $0.answer(0, .accepted) }
      _ = handOuts.record()
      _ = handOuts.update(task) { $0.close() }
    }
    #expect(handOuts.all.map(\.task) == [9])
    for task in UInt64(5)...9 {
      #expect(judgement(handOuts, task: task, round: Int(task), client: 0) == .verdict(.accepted))
    }
    #expect(judgement(handOuts, task: 4, round: 4, client: 0) == .verdict(.late))
  }
}
