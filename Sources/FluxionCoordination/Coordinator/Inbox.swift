import Synchronization

/// What comes to the coordinator from other threads, in the order of arrival.
final class Inbox: Sendable {
  enum Message: Sendable {
    case reports(ReportBatch, attempt: Int)
    case deadlinePassed(round: Int)
    case stop
  }

  private struct State {
    var messages: [Message] = []
    var reader: CheckedContinuation<Message, Never>?
  }

  private let state = Mutex(State())

  func put(_ message: Message) {
    let reader = state.withLock { state in
      guard let reader = state.reader else {
        state.messages.append(message)
        return CheckedContinuation<Message, Never>?.none
      }
      state.reader = nil
      return reader
    }
    reader?.resume(returning: message)
  }

  /// The next message, at once if there is one. One reader at a time. A cancelled task reads ``Message/stop``.
  func next() async -> Message {
    await withTaskCancellationHandler {
      await withCheckedContinuation { reader in
        let message = state.withLock { state in
          if state.messages.isEmpty {
            state.reader = reader
            return Message?.none
          }
          return state.messages.removeFirst()
        }
        if let message { reader.resume(returning: message) }
      }
    } onCancel: {
      put(.stop)
    }
  }

  /// Whether there is no message to read.
  var isEmpty: Bool { state.withLock { $0.messages.isEmpty } }

  /// Whether a stop is among the messages that wait.
  var holdsStop: Bool {
    state.withLock { state in
      state.messages.contains { if case .stop = $0 { true } else { false } }
    }
  }
}
