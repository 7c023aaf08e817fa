import Synchronization

/// Tells how far a round has come, while it is trained.
///
/// Costs an addition a client, and a look at the clock.
final class ProgressReports: Sendable {
  private let report: @Sendable (RoundProgress) -> Void
  private let interval: Duration
  private let begin = ContinuousClock.now
  private let round = Atomic<Int>(0)
  private let clients = Atomic<Int>(0)
  private let trained = Atomic<Int>(0)
  /// When the next report may be made, in nanoseconds since ``begin``.
  private let due = Atomic<Int>(0)

  /// nil where nobody wants to know.
  init?(_ configuration: SimulationConfiguration) {
    guard let report = configuration.onProgress else { return nil }
    self.report = report
    interval = configuration.progressInterval
  }

  /// No client of another round is being trained when a round begins.
  func begin(round: Int, clients: Int) {
    self.round.store(round, ordering: .relaxed)
    self.clients.store(clients, ordering: .relaxed)
    trained.store(0, ordering: .relaxed)
  }

  func clientTrained() {
    let trained = trained.wrappingAdd(1, ordering: .relaxed).newValue
    let now = Int((ContinuousClock.now - begin) / .nanoseconds(1))
    let due = due.load(ordering: .relaxed)
    // Of several threads that find a report due, one makes it.
    guard now >= due,
      self.due.compareExchange(expected: due, desired: now + Int(interval / .nanoseconds(1)), ordering: .relaxed)
        .exchanged
    else { return }
    report(
      RoundProgress(
        round: round.load(ordering: .relaxed), trained: trained, clients: clients.load(ordering: .relaxed)))
  }
}
