import Synchronization

/// What an interruption leaves, as a sentence for the user; kept up to date while things run.
package final class InterruptionNote: Sendable {
  private let sentence = Mutex("interrupted before training began")

  package init() {}

  package var text: String { sentence.withLock { $0 } }

  package func set(_ text: String) { sentence.withLock { $0 = text } }
}
