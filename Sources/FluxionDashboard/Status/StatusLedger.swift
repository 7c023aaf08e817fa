import FluxionCoordination
import FluxionFederation
import Foundation

/// Makes a ``FederationStatus`` of what happens, fact by fact: pure, without a clock or a lock.
struct StatusLedger {
  private(set) var status: FederationStatus
  private var open: OpenRound?

  /// A round whose record is not made.
  private struct OpenRound {
    var round: Int
    var cohort: Int
    /// Whose reports are awaited, ascending; nil before it is known who is in the cohort.
    var awaited: [Int]?
    var outcomes: [Int: FederationStatus.Turns.Outcome] = [:]

    mutating func answer(_ party: Int, _ outcome: FederationStatus.Turns.Outcome) {
      outcomes[party] = outcome
      if let index = awaited?.firstIndex(of: party) { awaited?.remove(at: index) }
    }

    var awaitedCount: Int { awaited?.count ?? max(0, cohort - outcomes.count) }

    func count(_ outcome: FederationStatus.Turns.Outcome) -> Int { outcomes.values.count { $0 == outcome } }
  }

  /// Reasons come from parties: what is kept of one.
  static let maximumReasonLength = 300

  init(_ status: FederationStatus) { self.status = status }

  /// - Returns: what is different afterwards.
  mutating func apply(_ entry: JournalEntry, at date: Date) -> [StatusChange] {
    switch entry {
    case .runStarted(let algorithm, _, let parameterCount):
      status.run.algorithm = algorithm
      status.run.parameters = parameterCount
      return [.run(status.run)]
    case .runResumed(let round):
      status.state.round = max(status.state.round, round)
      return note("The run was taken up again after round \(round).", at: date)
    case .roundStarted(let round, let cohort): return begin(round, cohort, at: date)
    case .updatesAccepted(let reports): return accept(reports, at: date)
    case .updateRefused(let round, let client, let failure): return refuse(round, client, failure, at: date)
    case .wentBack(let round, let reason):
      status.rounds.removeAll { $0.round > round }
      status.state.round = round
      return note("The run went back to round \(round): \(Self.short(reason))", at: date)
    case .roundDiscarded(let round):
      open = nil
      enter(.settling, at: date)
      return note("Round \(round) is begun again.", at: date)
    case .roundMissed(let round):
      open = nil
      enter(.settling, at: date)
      return note("Round \(round) does not count: too few updates came.", at: date)
    case .roundRecorded(let record): return record.round > 0 ? finish(record, at: date) : []
    case .runFinished(let reason):
      open = nil
      enter(reason.isOrdinary ? .finished : .stopped, at: date)
      return note(reason.sentence { [status] in status.name(of: $0) }, at: date)
    }
  }

  mutating func apply(_ event: TransportEvent, at date: Date) -> [StatusChange] {
    switch event {
    case .connected(let party, let name, let samples):
      return change(party) { party in
        party.name = name
        party.isConnected = true
        party.samples = samples
        party.lastSeen = date
      } + awaitParties()
    case .disconnected(let party):
      return change(party) { $0.isConnected = false } + awaitParties()
    case .handedOut(let number, let clients, let deadline):
      guard var round = open, round.round == number else { return [] }
      // A round of FedBuff is handed out to more and more clients.
      let known = round.awaited.map { $0.count < status.parties.count ? $0 : [] } ?? []
      round.awaited = Set(known).union(clients).sorted().filter {
        round.outcomes[$0] == nil && status.parties.indices.contains($0)
      }
      open = round
      markAwaited()
      if status.state.deadline == nil {
        status.state.deadline = deadline.map { date.addingTimeInterval($0 / .seconds(1)) }
      }
      return [showOpenRound()]
    case .sent(let party, let bytes):
      return change(party) { $0.bytesDown += max(0, bytes) }
    case .received(let party, let bytes):
      return change(party) { party in
        party.bytesUp += max(0, bytes)
        party.lastSeen = date
      }
    case .refused(let round, let party, let failure):
      return count(round, party, failure, at: date)
    case .quarantined(let party, let reason):
      return change(party) { $0.quarantine = Self.short(reason) }
    }
  }

  /// A model that can be had.
  mutating func publish(_ model: FederationStatus.Model) -> [StatusChange] {
    status.model = model
    return [.model(model)]
  }

  /// An end that no journal tells of, such as an error of this process.
  mutating func stop(_ reason: String, at date: Date) -> [StatusChange] {
    open = nil
    enter(.stopped, at: date)
    return note(Self.short(reason), at: date)
  }
}

extension StatusLedger {
  private mutating func begin(_ round: Int, _ cohort: Int, at date: Date) -> [StatusChange] {
    // Who is in a cohort of some is told when the work is handed out.
    open = OpenRound(
      round: round, cohort: cohort, awaited: cohort >= status.parties.count ? Array(status.parties.indices) : nil)
    enter(.training, at: date)
    status.state.round = round
    status.state.cohort = cohort
    markAwaited()
    return [showOpenRound()]
  }

  private mutating func accept(_ reports: [ClientReport], at date: Date) -> [StatusChange] {
    var changes: [StatusChange] = []
    // Late updates count in the round that they come in.
    for report in reports where report.round <= open?.round ?? 0 {
      open?.answer(report.client, .accepted)
      changes += change(report.client) { party in
        party.lastSeen = date
        party.isAwaited = false
        if case .trained(let metrics) = report.outcome { party.samples = metrics.samples }
      }
    }
    return changes + [showOpenRound()]
  }

  private mutating func refuse(
    _ round: Int, _ client: Int, _ failure: ClientFailure, at date: Date
  ) -> [StatusChange] {
    if round <= open?.round ?? 0 {
      open?.answer(client, .refused)
      if status.parties.indices.contains(client) { status.parties[client].isAwaited = false }
    }
    return count(round, client, failure, at: date) + [showOpenRound()]
  }

  private mutating func count(
    _ round: Int, _ client: Int, _ failure: ClientFailure, at date: Date
  ) -> [StatusChange] {
    guard status.parties.indices.contains(client) else { return [] }
    let refusal = FederationStatus.Refusal(
      date: date, round: round, party: client, kind: failure.kind.rawValue, reason: Self.short(failure.reason))
    status.refusals.append(refusal)
    let excess = status.refusals.count - FederationStatus.maximumRefusals
    if excess > 0 { status.refusals.removeFirst(excess) }
    return change(client) { party in
      party.lastSeen = date
      party.refusals[refusal.kind, default: 0] += 1
      party.lastRefusal = refusal
    }
  }

  private mutating func finish(_ record: RoundRecord, at date: Date) -> [StatusChange] {
    let ended = open?.round == record.round ? open : nil
    open = nil
    let round = FederationStatus.Round(
      round: record.round, accuracy: record.testAccuracy?.finite, loss: record.testLoss?.finite,
      trainLoss: record.trainLoss.finite, seconds: record.seconds.finite ?? 0, bytesUp: record.bytesUp,
      bytesDown: record.bytesDown, accepted: ended?.count(.accepted) ?? record.parties.count,
      refused: ended?.count(.refused) ?? 0, missed: ended?.awaitedCount ?? 0, finished: date, notes: record.notes)
    if let last = status.rounds.last, last.round >= round.round {
      status.rounds.removeAll { $0.round >= round.round }
    }
    status.rounds.append(round)
    thinOut()
    status.totals.rounds += 1
    status.totals.seconds += round.seconds
    status.totals.bytesUp += round.bytesUp
    status.totals.bytesDown += round.bytesDown
    if let ended { keepTurns(ended) }
    enter(.settling, at: date)
    status.state.round = max(status.state.round, record.round)
    status.state.note = nil
    var changes: [StatusChange] = [.round(round)]
    if let analysis = record.analysis {
      let latest = FederationStatus.Analysis(round: record.round, figures: analysis)
      status.analysis = latest
      changes.append(.analysis(latest))
    }
    // Of a round of an earlier life of the server only the record is known.
    let counted = ended?.outcomes.filter { $0.value == .accepted }.keys.sorted() ?? record.parties.map(\.party)
    for party in counted {
      changes += change(party) {
        $0.rounds += 1
        $0.lastRound = record.round
      }
    }
    return changes + [.state(status.state)]
  }

  private mutating func keepTurns(_ ended: OpenRound) {
    guard status.parties.count <= FederationStatus.maximumDrawnParties else { return }
    var outcomes = [FederationStatus.Turns.Outcome?](repeating: nil, count: status.parties.count)
    for party in ended.awaited ?? [] where outcomes.indices.contains(party) { outcomes[party] = .missed }
    for (party, outcome) in ended.outcomes where outcomes.indices.contains(party) { outcomes[party] = outcome }
    status.turns.removeAll { $0.round >= ended.round }
    status.turns.append(FederationStatus.Turns(round: ended.round, outcomes: outcomes))
    if status.turns.count > FederationStatus.maximumTurns { status.turns.removeFirst() }
  }

  /// Leaves out every other round of the older half once there are too many, so that curves keep their beginning.
  private mutating func thinOut() {
    guard status.rounds.count > FederationStatus.maximumRounds else { return }
    let half = status.rounds.count / 2
    status.rounds = status.rounds.enumerated().filter { $0.offset >= half || $0.offset % 2 == 0 }.map(\.element)
  }

  private mutating func enter(_ phase: FederationStatus.Phase, at date: Date) {
    status.state.phase = phase
    status.state.since = date
    status.state.deadline = nil
    status.state.note = nil
    (status.state.awaited, status.state.awaitedCount, status.state.accepted) = ([], 0, 0)
    for party in status.parties.indices { status.parties[party].isAwaited = false }
  }

  private mutating func markAwaited() {
    for party in open?.awaited ?? [] { status.parties[party].isAwaited = true }
  }

  private mutating func note(_ sentence: String, at date: Date) -> [StatusChange] {
    status.state.note = sentence
    return [.state(status.state)]
  }

  private mutating func showOpenRound() -> StatusChange {
    if let open {
      status.state.accepted = open.count(.accepted)
      status.state.awaitedCount = open.awaitedCount
      status.state.awaited = Array((open.awaited ?? []).prefix(FederationStatus.maximumAwaited))
      status.state.phase = open.awaitedCount == 0 ? .settling : .training
    }
    return .state(status.state)
  }

  /// Before the first round, those who are not there.
  private mutating func awaitParties() -> [StatusChange] {
    guard status.state.phase == .waiting else { return [] }
    let absent = status.parties.filter { !$0.isConnected }.map(\.party)
    status.state.awaited = Array(absent.prefix(FederationStatus.maximumAwaited))
    status.state.awaitedCount = absent.count
    return [.state(status.state)]
  }

  private mutating func change(_ party: Int, _ body: (inout FederationStatus.Party) -> Void) -> [StatusChange] {
    guard status.parties.indices.contains(party) else { return [] }
    body(&status.parties[party])
    return [.party(status.parties[party])]
  }

  private static func short(_ reason: String) -> String {
    reason.count > maximumReasonLength ? reason.prefix(maximumReasonLength - 1) + "…" : reason
  }
}
