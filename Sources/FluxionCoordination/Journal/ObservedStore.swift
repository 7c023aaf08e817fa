package import FluxionLearning

/// Keeps what another store keeps, and tells of it once that is kept.
package struct ObservedStore: Store {
  private let store: any Store
  private let kept: @Sendable (JournalEntry) throws -> Void
  private let published: @Sendable (_ parameters: Parameters, _ round: Int) throws -> Void

  /// - Parameters:
  ///   - kept: is called with each fact.
  ///   - published: is called with the global parameters after a round, also with those that were kept before.
  package init(
    _ store: any Store, kept: @escaping @Sendable (JournalEntry) throws -> Void,
    published: @escaping @Sendable (_ parameters: Parameters, _ round: Int) throws -> Void = { _, _ in }
  ) {
    (self.store, self.kept, self.published) = (store, kept, published)
  }

  package func append(_ entry: JournalEntry) async throws {
    try await store.append(entry)
    try kept(entry)
  }

  package func record<State>(_ round: RoundRecord, saving checkpoint: Checkpoint<State>) async throws {
    try await store.record(round, saving: checkpoint)
    try kept(.roundRecorded(round))
    try published(checkpoint.parameters, checkpoint.progress.round)
  }

  package func checkpoint<State>(of type: State.Type) async throws -> Checkpoint<State>? {
    let checkpoint = try await store.checkpoint(of: type)
    if let checkpoint { try published(checkpoint.parameters, checkpoint.progress.round) }
    return checkpoint
  }

  package func history() async throws -> RunHistory { try await store.history() }
}
