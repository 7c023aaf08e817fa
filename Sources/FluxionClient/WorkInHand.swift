import FluxionFederation
import FluxionWire

/// What a client has to do or to hand in, which outlives any one connection.
///
/// ```
/// nothing ─task→ training ─trained→ reported ─verdict→ nothing
///                   └────── withdrawn, or another task ──────┘
/// ```
///
/// A server that was started again hands a round out anew, under another id. What was done is not done again: the work
/// in hand, or its report, is then that of the new task.
struct WorkInHand: Sendable {
  /// A task, and what it asks for whatever its id: equal contents lead to equal updates.
  struct Work: Sendable {
    var task: ReportedTask
    var content: Fluxion_V1_Task

    init(_ message: Fluxion_V1_Task, run: String) {
      task = ReportedTask(run: run, round: Int(clamping: message.round), task: message.task)
      content = message
      content.task = 0
    }

    func isSameWork(as other: Work) -> Bool {
      task.run == other.task.run && task.round == other.task.round && content == other.content
    }
  }

  enum State: Sendable {
    case nothing
    case training(Work)
    /// A report of which the server has not said for good what becomes of it.
    case reported(Work, ClientReportMessage)
  }

  /// What to do about a task that came.
  enum Step: Sendable {
    case train
    /// There is a report of the same work; it is sent as one of this task.
    case send(ClientReportMessage)
    /// It is in hand already, or was overtaken on its way by a later one.
    case nothing
  }

  private(set) var state = State.nothing
  /// The latest task that was begun; ids ascend within a run.
  private var latest: ReportedTask?

  /// The task that need not be sent again.
  var task: UInt64? { work?.task.task }

  private var work: Work? {
    switch state {
    case .nothing: nil
    case .training(let work), .reported(let work, _): work
    }
  }

  /// The report to be sent again after a reconnection.
  var unanswered: ClientReportMessage? { if case .reported(_, let report) = state { report } else { nil } }

  /// A task came. Whatever else was in hand before is wanted no longer.
  mutating func begin(_ arrived: Work) -> Step {
    if let latest, latest.run == arrived.task.run, latest.task > arrived.task.task { return .nothing }
    latest = arrived.task
    switch state {
    case .training(let work) where work.isSameWork(as: arrived):
      state = .training(arrived)
      return .nothing
    case .reported(let work, var report) where work.isSameWork(as: arrived):
      let isKnown = work.task == arrived.task
      report.task = arrived.task
      state = .reported(arrived, report)
      return isKnown ? .nothing : .send(report)
    default:
      state = .training(arrived)
      return .train
    }
  }

  /// What there is to say about a task, under the id that it has by now.
  ///
  /// - Parameter report: makes the report.
  /// - Returns: nil if the work is wanted no longer.
  mutating func report(
    on work: Work, _ report: (ReportedTask) -> ClientReportMessage
  ) -> ClientReportMessage? {
    guard case .training(let current) = state, current.isSameWork(as: work) else { return nil }
    let message = report(current.task)
    state = .reported(current, message)
    return message
  }

  /// The server has said for good what becomes of a task, or has withdrawn it.
  ///
  /// - Returns: the task if it was in hand.
  mutating func end(_ task: UInt64) -> ReportedTask? {
    guard let work, work.task.task == task else { return nil }
    state = .nothing
    return work.task
  }

  /// Whether work is wanted.
  func holds(_ work: Work) -> Bool {
    if case .training(let current) = state { current.isSameWork(as: work) } else { false }
  }
}

/// What a client reports, ready to be sent, any number of times.
enum ClientReportMessage: Sendable {
  case update(Fluxion_V1_Update, OutgoingBody)
  case failure(Fluxion_V1_Failure)

  init(_ task: ReportedTask, _ metrics: ClientMetrics, update: [Float]) {
    let body = OutgoingBody([("update", update)])
    self = .update(Fluxion_V1_Update(task, metrics, body: body.declaration), body)
  }

  /// Of which task the report is.
  var task: ReportedTask {
    get {
      switch self {
      case .update(let update, _):
        ReportedTask(run: update.run, round: Int(clamping: update.round), task: update.task)
      case .failure(let failure):
        ReportedTask(run: failure.run, round: Int(clamping: failure.round), task: failure.task)
      }
    }
    set {
      let round = UInt64(max(newValue.round, 0))
      switch self {
      case .update(var update, let body):
        (update.run, update.round, update.task) = (newValue.run, round, newValue.task)
        self = .update(update, body)
      case .failure(var failure):
        (failure.run, failure.round, failure.task) = (newValue.run, round, newValue.task)
        self = .failure(failure)
      }
    }
  }
}
