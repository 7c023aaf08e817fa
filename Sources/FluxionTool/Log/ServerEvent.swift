import Fluxion
import Logging

/// Something that a server logs: a constant message, and what it is about as metadata.
///
/// Nothing of the data, no address of a party, and none of what a party says in its own words: a reason may quote its
/// table. The page has the reasons.
struct ServerEvent: Equatable {
  var level = Logger.Level.info
  var message: String
  var metadata: Logger.Metadata = [:]
}

extension ServerEvent {
  static func began(at address: String, page: String?) -> ServerEvent {
    var event = ServerEvent(
      message: "server began",
      metadata: ["address": .string(address), "version": .string(RunRecord.Environment.fluxionVersion)])
    if let page { event.metadata["page"] = .string(page) }
    return event
  }

  /// - Parameter error: nil for a run that has come to its end.
  static func ended(_ error: (any Error)?) -> ServerEvent {
    switch error {
    case nil: ServerEvent(message: "server ended", metadata: ["cause": "the run is over"])
    case is CancellationError: ServerEvent(message: "server ended", metadata: ["cause": "it was told to stop"])
    case let error as FluxionError:
      ServerEvent(
        level: .error, message: "server ended",
        metadata: ["cause": .string(error.message), "code": .string(error.code.description)])
    case .some(let error):
      ServerEvent(level: .error, message: "server ended", metadata: ["cause": .string("\(type(of: error))")])
    }
  }

  /// nil for what happens too often.
  init?(_ event: TransportEvent, name: (Int) -> String) {
    switch event {
    case .connected(let place, let name, let samples):
      self.init(
        message: "party joined",
        metadata: [
          "party": .string(name), "place": .stringConvertible(place), "samples": .stringConvertible(samples),
        ])
    case .disconnected(let place):
      self.init(message: "party left", metadata: Self.party(place, name))
    case .refused(let round, let place, let failure): self.init(refusalOf: place, round, failure, name: name)
    case .quarantined(let place, _):
      self.init(level: .warning, message: "party quarantined", metadata: Self.party(place, name))
    case .handedOut, .sent, .received: return nil
    }
  }

  init?(_ entry: JournalEntry, name: (Int) -> String) {
    switch entry {
    case .runStarted(let algorithm, let parties, let parameters):
      self.init(
        message: "run started",
        metadata: [
          "algorithm": .string(algorithm), "parties": .stringConvertible(parties),
          "parameters": .stringConvertible(parameters),
        ])
    case .runResumed(let round): self.init(message: "run resumed", metadata: ["round": .stringConvertible(round)])
    case .wentBack(let round, _):
      self.init(level: .warning, message: "run went back", metadata: ["round": .stringConvertible(round)])
    case .updateRefused(let round, let place, let failure):
      self.init(refusalOf: place, round, failure, name: name)
    case .roundDiscarded(let round):
      self.init(message: "round discarded", metadata: ["round": .stringConvertible(round)])
    case .roundMissed(let round):
      self.init(level: .warning, message: "round missed", metadata: ["round": .stringConvertible(round)])
    case .roundRecorded(let record): self.init(record)
    case .runFinished(let reason):
      self.init(
        level: reason.isOrdinary || reason == .requested ? .info : .warning, message: "run finished",
        metadata: ["cause": .string(reason.word)])
    case .roundStarted, .updatesAccepted: return nil
    }
  }

  private init(_ record: RoundRecord) {
    self.init(
      message: "round recorded",
      metadata: [
        "round": .stringConvertible(record.round), "parties": .stringConvertible(record.parties.count),
        "seconds": .stringConvertible(record.seconds), "bytesUp": .stringConvertible(record.bytesUp),
        "bytesDown": .stringConvertible(record.bytesDown),
      ])
    for (key, value) in [
      ("accuracy", record.testAccuracy), ("loss", record.testLoss), ("trainLoss", record.trainLoss),
    ] {
      if let value, value.isFinite { metadata[key] = .stringConvertible(value) }
    }
  }

  private init(refusalOf place: Int, _ round: Int, _ failure: ClientFailure, name: (Int) -> String) {
    self.init(
      level: .warning, message: "update refused",
      metadata: Self.party(place, name).merging(
        ["round": .stringConvertible(round), "kind": .string(failure.kind.rawValue)]) { $1 })
  }

  private static func party(_ place: Int, _ name: (Int) -> String) -> Logger.Metadata {
    ["party": .string(name(place)), "place": .stringConvertible(place)]
  }
}

extension StopReason {
  fileprivate var word: String {
    switch self {
    case .completed: "completed"
    case .targetReached: "targetReached"
    case .noImprovement: "noImprovement"
    case .requested: "requested"
    case .quorumMissed: "quorumMissed"
    case .clientFailed: "clientFailed"
    }
  }
}
