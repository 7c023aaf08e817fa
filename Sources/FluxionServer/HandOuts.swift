import FluxionCoordination
import FluxionFederation

/// The rounds that clients work at: one, where a round ends before the next begins; and the answers to those before.
struct HandOuts: Sendable {
  /// Some clients of one hand-out, who are to hear something.
  struct Addressees: Sendable {
    var task: UInt64
    var round: Int
    var clients: [Int]
  }

  /// Ascending by task: those that are open, and the latest also when it is over, since it may be on record only then.
  private(set) var all: [HandOut] = []
  private var past: [PastTask] = []

  /// Of so many tasks that are over the answers are kept.
  private static let pastLimit = 4

  /// The latest task; 0 before the first.
  var lastTask: UInt64 { all.last?.task ?? 0 }

  /// The round that was handed out last; 0 before the first.
  var lastRound: Int { all.last?.request.round ?? 0 }

  subscript(task: UInt64) -> HandOut? { all.first { $0.task == task } }

  /// What was said to a client about a task that is over.
  func pastAnswer(on task: UInt64, to client: Int) -> Verdict? { past.first { $0.task == task }?.answers[client] }

  /// What a client is to work at and has not reported.
  func awaiting(_ client: Int) -> HandOut? { all.last { $0.awaits(client) } }

  /// The attempt at a round that is under way.
  func open(round: Int) -> HandOut? { all.last { $0.isOpen && $0.request.round == round } }

  /// Takes in the first hand-out of a round, whose task is later than those before.
  mutating func begin(_ handOut: HandOut) {
    past = (past + all.filter { !$0.isOpen }.map(\.past)).suffix(Self.pastLimit)
    all = all.filter(\.isOpen) + [handOut]
  }

  /// Hands a round under way out to more clients.
  ///
  /// - Returns: nil if there is no such round.
  mutating func extend(_ round: Int, by clients: [Int]) -> HandOut? {
    guard let index = all.lastIndex(where: { $0.isOpen && $0.request.round == round }) else { return nil }
    all[index].add(clients)
    return all[index]
  }

  /// Changes a hand-out, if it is here.
  mutating func update<Result>(_ task: UInt64, _ change: (inout HandOut) -> Result) -> Result? {
    guard let index = all.firstIndex(where: { $0.task == task }) else { return nil }
    return change(&all[index])
  }

  /// A round is on record.
  ///
  /// - Returns: whose updates count by that.
  mutating func record() -> [Addressees] { address { $0.record() } }

  /// A round is over without record.
  ///
  /// - Returns: whose updates do not count by that.
  mutating func drop() -> [Addressees] { address { $0.drop() } }

  /// Nobody is awaited any longer.
  ///
  /// - Returns: who waits for a verdict.
  mutating func close() -> [PendingReport] { all.indices.flatMap { all[$0].close() } }

  private mutating func address(_ clients: (inout HandOut) -> [Int]) -> [Addressees] {
    all.indices.map { index in
      Addressees(task: all[index].task, round: all[index].request.round, clients: clients(&all[index]))
    }.filter { !$0.clients.isEmpty }
  }
}
