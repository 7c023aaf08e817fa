public import FluxionCalculus
public import FluxionFederation
public import FluxionLearning

/// How the coordinator reaches its clients: in process, over a network, or a test's own.
///
/// A transport works in bulk: it is handed a whole cohort, and delivers reports as they come, one or thousands at a
/// time. Reports may be delivered from any thread, during ``train(_:deliver:)`` or after it has returned, more than
/// once and too late; the coordinator sorts that out.
public protocol Transport: Sendable {
  /// Has clients train. Returns when the work is handed out.
  func train(_ request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) async throws

  /// No report of this round is wanted any longer.
  func endRound(_ round: Int) async

  /// A round is on record: every update that was accepted since the last one counts for good.
  func roundRecorded(_ round: Int) async

  /// A round is over without record, or begun again: no update that was accepted since the last record counts.
  func roundDropped(_ round: Int) async

  /// Whether clients live in the coordinator's process, end with it, and begin again where its checkpoint has them.
  var endsWithCoordinator: Bool { get }

  /// Called when the coordinator has nothing to do until something happens: a world in which time is virtual lets the
  /// next thing happen.
  func advance() async

  /// What such a world remembers, for the checkpoint; asked for between rounds.
  ///
  /// Clients that live in processes of their own keep it themselves, and their transport has none.
  func memory() async -> WorldMemory

  /// Gives a world back what it remembered at a checkpoint.
  func restore(_ memory: WorldMemory) async
}

extension Transport {
  public func roundRecorded(_ round: Int) {}
  public func roundDropped(_ round: Int) {}
  public var endsWithCoordinator: Bool { false }
  public func advance() {}
  public func memory() -> WorldMemory { WorldMemory() }
  public func restore(_ memory: WorldMemory) {}
}

/// What a world that lives in the coordinator's process remembers from round to round.
public struct WorldMemory: Codable, Sendable {
  /// By client, where hyperparameters are tuned.
  public var tuning: [Int: TuningMemory]
  /// The time, where it is virtual.
  public var time: Duration?
  /// When those who are at work will report, by client, where time is virtual.
  public var arrivals: [Int: Duration]

  public init(tuning: [Int: TuningMemory] = [:], time: Duration? = nil, arrivals: [Int: Duration] = [:]) {
    self.tuning = tuning
    self.time = time
    self.arrivals = arrivals
  }
}

/// The work of one round.
public struct TrainingRequest: Sendable {
  public var round: Int
  /// Ascending.
  public var clients: [Int]
  public var plan: RoundPlan
  /// The global parameters.
  public var parameters: Parameters
  /// The round's key; a client draws from `key.folding("client", client)`.
  public var key: RandomKey

  public init(round: Int, clients: [Int], plan: RoundPlan, parameters: Parameters, key: RandomKey) {
    self.round = round
    self.clients = clients
    self.plan = plan
    self.parameters = parameters
    self.key = key
  }
}

/// Reports of one round with the updates that belong to them.
///
/// A batch of several reports counts as a whole or not at all, since its updates may be summed already; only a
/// transport that vouches for its clients, such as the in-process world, delivers such batches.
public struct ReportBatch: Sendable {
  public var reports: [ClientReport]
  public var updates: any UpdateSource

  public init(reports: [ClientReport], updates: any UpdateSource) {
    self.reports = reports
    self.updates = updates
  }
}

/// The updates behind a batch of reports.
public protocol UpdateSource: Sendable {
  /// Folds the updates of the reports whose outcome is trained into a sum.
  ///
  /// - Throws: ``FluxionError`` for an update that cannot be taken; the sum is then unchanged.
  func fold(into sum: inout any UpdateAccumulator, weighting: Weighting) throws

  /// Tells what became of the reports, one verdict each. An accepted update is in the sum; it counts for good once its
  /// round is on record, which ``Transport/roundRecorded(_:)`` tells.
  func answer(_ verdicts: [Verdict])
}

extension UpdateSource {
  public func answer(_ verdicts: [Verdict]) {}
}
