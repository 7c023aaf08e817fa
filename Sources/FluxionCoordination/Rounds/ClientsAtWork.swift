import FluxionCalculus
import FluxionFederation

/// A client that has work: to train from the model that a round began with.
public struct ClientAtWork: Codable, Hashable, Sendable {
  public var client: Int
  public var round: Int
  /// How many steps the server had taken by then; fewer than rounds where rounds missed their quorum.
  public var step: Int

  /// - Parameter step: nil where no round missed its quorum.
  public init(client: Int, round: Int, step: Int? = nil) {
    self.client = client
    self.round = round
    self.step = step ?? round - 1
  }
}

/// Who has work since the last step of the server or from before it, and what has become of it; each client once.
struct ClientsAtWork: Sendable {
  enum Answer: UInt8 { case none, accepted, refused }

  private struct Entry {
    var work: ClientAtWork
    var answer = Answer.none
  }

  /// Ascending by client.
  private var entries: [Entry] = []
  /// How many have not answered.
  private(set) var unanswered = 0

  init(inFlight: [ClientAtWork] = []) {
    entries = inFlight.sorted { $0.client < $1.client }.map { Entry(work: $0) }
    unanswered = entries.count
  }

  var count: Int { entries.count }

  /// The work that has not been answered, ascending by client.
  var inFlight: [ClientAtWork] { entries.lazy.filter { $0.answer == .none }.map(\.work) }

  /// Forgets who has answered, and of the others who began before a step of the server.
  ///
  /// - Parameter step: nil to forget all.
  mutating func begin(keepingSince step: Int?) {
    entries.removeAll { entry in entry.answer != .none || step.map { entry.work.step < $0 } ?? true }
    unanswered = entries.count
  }

  /// Forgets who was given work in a round.
  mutating func withdraw(round: Int) {
    entries.removeAll { $0.work.round == round }
    unanswered = entries.count { $0.answer == .none }
  }

  /// - Parameter clients: ascending, and none of them here already.
  mutating func add(_ clients: [Int], round: Int, step: Int) {
    let old = entries
    let new = clients.map { Entry(work: ClientAtWork(client: $0, round: round, step: step)) }
    unanswered += new.count
    guard !old.isEmpty else {
      entries = new
      return
    }
    entries = (old + new).sorted { $0.work.client < $1.work.client }
  }

  /// Clients without work, each set of that many equally likely, ascending; all if there are fewer.
  func draw(_ count: Int, of registered: Int, key: RandomKey) -> [Int] {
    let free = registered - entries.count
    var passed = 0
    return Cohort.select(max(0, min(count, free)), of: free, key: key).map { rank in
      while passed < entries.count, entries[passed].work.client <= rank + passed { passed += 1 }
      return rank + passed
    }
  }

  func work(at position: Int) -> ClientAtWork { entries[position].work }
  func client(at position: Int) -> Int { entries[position].work.client }
  func answer(at position: Int) -> Answer { entries[position].answer }

  mutating func note(_ answer: Answer, at position: Int) {
    if entries[position].answer == .none { unanswered -= 1 }
    entries[position].answer = answer
  }

  /// Where the work of a report is; nil if there is none such.
  func position(of report: ClientReport) -> Int? {
    guard let position = position(of: report.client), entries[position].work.round == report.round else {
      return nil
    }
    return position
  }

  private func position(of client: Int) -> Int? {
    // A cohort of everyone is 0, 1, 2 …
    if client >= 0, client < entries.count, self.client(at: client) == client { return client }
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if self.client(at: middle) < client { low = middle + 1 } else { high = middle }
    }
    return low < entries.count && self.client(at: low) == client ? low : nil
  }
}
