import Synchronization

/// What an interruption leaves, as a sentence for the user; kept up to date while things run.
final class InterruptionNote: Sendable {
  private let sentence = Mutex("interrupted before training began")

  var text: String { sentence.withLock { $0 } }

  func set(_ text: String) { sentence.withLock { $0 = text } }
}
