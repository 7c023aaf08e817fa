import FluxionCalculus
package import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionSimulation

// Parties that take long: how fast each is, and when the server goes on without them.
extension Experiment {
  static let stragglerSettings: [Setting] = [
    Setting(
      optional: "devices", \.devices, .parsed(DeviceProfile.init(parsing:)),
      DeviceProfile.forms.joined(separator: " | "),
      "Simulate the time that the parties' devices take, of equal or of uneven speed (default: not; even with fedbuff)."
    ),
    Setting(
      optional: "overSelection", \.overSelection, .number("a number of at least 1", where: { $0 >= 1 }), "FACTOR",
      "Select so many times the cohort, and go on with as many as the cohort is meant to have "
        + "(default: 1.3 for cohorts of 20 and more on uneven devices, else 1)."),
    Setting(
      optional: "deadline", \.deadline, .seconds, "2.5 | 90s | 10m | 2h",
      "How long a round waits; in a simulation its own time (default: for as long as it takes)."),
    Setting(
      optional: "quorum", \.quorum, .number("a number above 0 and at most 1", where: { $0 > 0 && $0 <= 1 }), "FRACTION",
      "The part of a round's updates that is enough at its deadline, or if others do not count (default: 0.5)."),
    Setting(
      optional: "late", \.late, .choice, choices(LateUpdates.self),
      "What becomes of updates that come after their round (default: discard; buffer with fedbuff)."),
    Setting(
      optional: "bufferSize", \.bufferSize, .integer(atLeast: 1), "K",
      "Of fedbuff: the server steps with every K updates (default: 10, or half of the cohort if that is less)."),
    Setting(
      optional: "staleness", \.staleness, .number("a number not below 0", where: { $0 >= 0 }), "A",
      "Of late updates that count: (1 + t)^-A of what they would, with t the server's steps since (default: 0.5)."),
    Setting(
      optional: "maximumStaleness", \.maximumStaleness, .integer(atLeast: 0), "STEPS",
      "Of late updates that count: nobody is waited for through more steps of the server (default: for ever)."),
  ]

  /// What becomes of updates that come after their round.
  public enum LateUpdates: String, NamedChoice, Hashable {
    /// They are dropped.
    case discard
    /// They count in the round that they come in, less the staler they are.
    case buffer
  }

  /// From this size on, a cohort on uneven devices is over-selected unless told otherwise.
  static let overSelectedCohort = 20

  private var keepsLate: Bool { algorithm == .fedBuff || late == .buffer }

  private var goesOnEarly: Bool { algorithm == .fedBuff || deadline != nil || (overSelection ?? 1) > 1 }

  /// The experiment with everything filled in that follows from the number of parties.
  func filledForStragglers(parties: Int) throws -> Experiment {
    var filled = self
    let cohort = try cohort.size(of: parties)
    if algorithm == .fedBuff {
      if filled.bufferSize == nil { filled.bufferSize = min(10, max(1, cohort / 2)) }
      if filled.late == nil { filled.late = .buffer }
    }
    if case .uneven? = devices, filled.overSelection == nil {
      filled.overSelection = try overSelectionOfUneven(parties: parties)
    }
    if filled.quorum == nil, deadline != nil { filled.quorum = 0.5 }
    if filled.staleness == nil, filled.keepsLate { filled.staleness = StalenessWeighting().exponent }
    return filled
  }

  /// By how much parties of uneven speed are over-selected unless told otherwise; nil for not at all.
  private func overSelectionOfUneven(parties: Int) throws -> Double? {
    let cohort = try cohort.size(of: parties)
    let isLarge = cohort >= Self.overSelectedCohort && cohort < parties
    return isLarge && algorithm != .fedBuff && tune == nil ? 1.3 : nil
  }

  /// What is done about parties in other processes that take long.
  package func stragglersOfRemoteParties(parties: Int) throws -> StragglerPolicy {
    var filled = try filledForStragglers(parties: parties)
    if filled.overSelection == nil { filled.overSelection = try overSelectionOfUneven(parties: parties) }
    if filled.quorum == nil { filled.quorum = 0.5 }
    // A party may be gone for good.
    if filled.maximumStaleness == nil { filled.maximumStaleness = 20 }
    return filled.stragglers
  }

  private var stragglers: StragglerPolicy {
    let weighting = StalenessWeighting(exponent: staleness ?? StalenessWeighting().exponent, maximum: maximumStaleness)
    return StragglerPolicy(
      overSelection: overSelection ?? 1, pace: algorithm == .fedBuff ? .buffered(bufferSize ?? 1) : .rounds,
      late: keepsLate ? .buffered(weighting) : .discarded, quorum: quorum ?? 1,
      deadline: deadline.map { .seconds($0) })
  }

  /// How the simulation's own time goes by; nil where it need not.
  var virtualTime: VirtualTime? {
    (devices ?? (goesOnEarly ? .even : nil)).map { VirtualTime(devices: $0, stragglers) }
  }

  /// What is said of parties that take long and does not go together.
  func requireSenseOfStragglers(parties: Int) throws {
    func require(_ holds: Bool, _ sentence: @autoclosure () -> String) throws {
      if !holds { throw FluxionError(.invalidConfiguration, sentence()) }
    }
    let isBuffered = algorithm == .fedBuff
    try require(
      isBuffered || bufferSize == nil,
      "buffer-size says with how many updates the server steps in fedbuff; use it with that algorithm, or set cohort")
    let cohort = try cohort.size(of: parties)
    try require(
      (bufferSize ?? 1) <= cohort,
      "buffer-size is at most the cohort, which is \(cohort) here; it was given \(bufferSize ?? 1)")
    try require(
      !isBuffered || late != .discard, "fedbuff is made for late updates; leave out late, or use fedavg to discard them"
    )
    try require(
      !isBuffered || (overSelection ?? 1) == 1,
      "over-selection belongs to rounds, and with fedbuff every update counts; leave it out, or use fedavg")
    try require(
      keepsLate || staleness == nil, "staleness weighs late updates, and here they are discarded; set late to buffer")
    try require(
      isBuffered || late != .buffer || goesOnEarly,
      "nobody is late where a round waits for everybody; set over-selection or a deadline, too")
    try require(
      keepsLate || maximumStaleness == nil,
      "maximum-staleness is of late updates that count, and here they are discarded; set late to buffer")
    try require(
      virtualTime == nil || tune == nil,
      "tuning needs everybody's report in every round; leave out tune, or devices and what is done about slow ones")
    guard keepsLate else { return }
    try require(
      aggregator == .mean && weighting != .learned
        && [.federatedAveraging, .federatedSGD, .fedBuff].contains(algorithm),
      "late updates count less in a weighted mean, and in nothing else; use the aggregator mean with samples or uniform "
        + "as weighting, and fedbuff, fedavg or fedsgd")
    try require(
      !analyze, "an analysis compares updates that began from one model; leave out analyze, or discard late updates")
  }
}
