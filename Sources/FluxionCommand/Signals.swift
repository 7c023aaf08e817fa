import Dispatch
import Foundation
import Synchronization

/// The user, or the system, asked the process to end.
struct Interruption: Error {
  var signal: Int32
  var message: String
}

package enum Signals {
  /// A closed pipe is noticed where it is written to, and does not kill.
  static func ignoreClosedPipes() { signal(SIGPIPE, SIG_IGN) }

  /// Runs `body`, cancelling it on Ctrl-C or SIGTERM; a second one, or a body that does not end within `graceSeconds`,
  /// ends the process at once.
  ///
  /// - Parameter note: What is said to the user when the body was interrupted.
  /// - Throws: ``Interruption`` when it was; else what `body` throws.
  package static func interrupting<Result: Sendable>(
    graceSeconds: Double = 5, note: @escaping @Sendable () -> String,
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let received = Mutex<Int32>(0)
    let task = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        let isFirst = received.withLock { first in
          defer { if first == 0 { first = number } }
          return first == 0
        }
        let end: @Sendable () -> Void = {
          StandardError.write("fluxion: \(note())\n")
          _exit(128 + number)
        }
        guard isFirst else { return end() }
        task.cancel()
        DispatchQueue.global().asyncAfter(deadline: .now() + graceSeconds, execute: end)
      }
      source.resume()
      return source
    }
    defer { for source in sources { source.cancel() } }
    let result = await task.result
    let number = received.withLock { $0 }
    if number != 0, case .failure = result { throw Interruption(signal: number, message: note()) }
    return try result.get()
  }
}
