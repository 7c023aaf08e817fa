import FluxionCalculus
import Synchronization

/// Where a run is kept: an append-only journal, and the checkpoint that it goes on from.
///
/// When a function returns, what it was given must survive the process, as far as the store promises any survival. A
/// store that could not keep something throws, then and whenever it is used again.
public protocol Store: Sendable {
  /// Adds an entry. A provisional one may be kept with the entry after it, and be lost with the process before that.
  func append(_ entry: JournalEntry) async throws

  /// Puts a round on record and keeps a checkpoint in place of the one before, in one step: whatever happens, the next
  /// process finds both or neither.
  func record<State>(_ round: RoundRecord, saving checkpoint: Checkpoint<State>) async throws

  /// The latest checkpoint; nil if there is none.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` if there is one of another kind.
  func checkpoint<State>(of type: State.Type) async throws -> Checkpoint<State>?

  /// What the journal says so far.
  func history() async throws -> RunHistory
}

/// A store that survives the coordinator, not the process.
public final class InMemoryStore: Store {
  private let contents = Mutex<(entries: [JournalEntry], checkpoint: (any Sendable)?)>(([], nil))

  public init() {}

  /// The journal so far.
  public var entries: [JournalEntry] { contents.withLock { $0.entries } }

  public func append(_ entry: JournalEntry) { contents.withLock { $0.entries.append(entry) } }

  public func record<State>(_ round: RoundRecord, saving checkpoint: Checkpoint<State>) {
    contents.withLock {
      $0.entries.append(.roundRecorded(round))
      $0.checkpoint = checkpoint
    }
  }

  public func checkpoint<State>(of type: State.Type) throws -> Checkpoint<State>? {
    guard let kept = contents.withLock({ $0.checkpoint }) else { return nil }
    guard let checkpoint = kept as? Checkpoint<State> else {
      throw FluxionError(.corruptData, "the stored checkpoint is of another algorithm; use the one that began the run")
    }
    return checkpoint
  }

  public func history() -> RunHistory { RunHistory(entries) }
}

/// Keeps nothing, for runs that nobody will go on with.
public struct NoStore: Store {
  public init() {}

  public func append(_ entry: JournalEntry) {}
  public func record<State>(_ round: RoundRecord, saving checkpoint: Checkpoint<State>) {}
  public func checkpoint<State>(of type: State.Type) -> Checkpoint<State>? { nil }
  public func history() -> RunHistory { RunHistory() }
}
