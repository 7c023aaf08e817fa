/// When a run goes on without the clients that take long, and what becomes of what they send then.
///
/// ```swift
/// // Of 130 selected the first 100 count, and a round takes a minute at most.
/// StragglerPolicy(overSelection: 1.3, deadline: .seconds(60))
/// // FedBuff: a step with every 10 updates, whatever model they were begun from.
/// StragglerPolicy(pace: .buffered(10), late: .buffered(StalenessWeighting()))
/// ```
public struct StragglerPolicy: Hashable, Sendable {
  /// How many clients a round selects for each that it waits for, at least 1: with 1.3 a cohort of 100 is drawn as 130,
  /// and the round is over when 100 have reported.
  public var overSelection: Double
  public var pace: RoundPolicy.Pace
  public var late: RoundPolicy.LateUpdates
  /// The share of the updates that a round waits for which it needs, above 0 and up to 1; at least one client in any case.
  public var quorum: Double
  /// How long a round waits for updates; nil for as long as it takes.
  public var deadline: Duration?

  public init(
    overSelection: Double = 1, pace: RoundPolicy.Pace = .rounds, late: RoundPolicy.LateUpdates = .discarded,
    quorum: Double = 1, deadline: Duration? = nil
  ) {
    self.overSelection = overSelection
    self.pace = pace
    self.late = late
    self.quorum = quorum
    self.deadline = deadline
  }
}

extension RoundPolicy {
  /// What the policy says of clients that take long, as one value.
  public var stragglers: StragglerPolicy {
    get {
      StragglerPolicy(overSelection: overSelection, pace: pace, late: late, quorum: quorum, deadline: deadline)
    }
    set {
      (overSelection, pace, late) = (newValue.overSelection, newValue.pace, newValue.late)
      (quorum, deadline) = (newValue.quorum, newValue.deadline)
    }
  }
}
