import FluxionCalculus
import Synchronization

/// Where a run is kept: an append-only journal, and the latest checkpoint.
///
/// When a function returns, what it was given must survive the process, as far as the store promises any survival.
public protocol Store: Sendable {
  func append(_ entry: JournalEntry) async throws

  /// Keeps a checkpoint in place of the one before.
  func save<State>(_ checkpoint: Checkpoint<State>) async throws

  /// The latest checkpoint; nil if there is none.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` if there is one of another kind.
  func checkpoint<State>(of type: State.Type) async throws -> Checkpoint<State>?
}

/// A store that survives the coordinator, not the process.
public final class InMemoryStore: Store {
  private let keepsEntries: Bool
  private let contents = Mutex<(entries: [JournalEntry], checkpoint: (any Sendable)?)>(([], nil))

  /// - Parameter keepsEntries: false for a store that keeps the latest checkpoint alone, for long runs that nobody will
  ///   look back at.
  public init(keepsEntries: Bool = true) { self.keepsEntries = keepsEntries }

  /// The journal so far.
  public var entries: [JournalEntry] { contents.withLock { $0.entries } }

  public func append(_ entry: JournalEntry) {
    if keepsEntries { contents.withLock { $0.entries.append(entry) } }
  }

  public func save<State>(_ checkpoint: Checkpoint<State>) { contents.withLock { $0.checkpoint = checkpoint } }

  public func checkpoint<State>(of type: State.Type) throws -> Checkpoint<State>? {
    guard let kept = contents.withLock({ $0.checkpoint }) else { return nil }
    guard let checkpoint = kept as? Checkpoint<State> else {
      throw FluxionError(.corruptData, "the stored checkpoint is of another algorithm; use the one that began the run")
    }
    return checkpoint
  }
}
