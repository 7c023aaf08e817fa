@testable import FluxionClient
import Dispatch
import Synchronization
import Testing

@Suite("The training thread", .timeLimit(.minutes(10)))
struct TrainingThreadTests {
  /// What happened, in order.
  private final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func note(_ line: String) { lines.withLock { $0.append(line) } }
  }

  @Test("a job that is at a checkpoint while the thread is held waits there, and goes on when it no longer is")
  func waits() {
    let (thread, log) = (TrainingThread(), Log())
    let (held, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    thread.start {
      log.note("first step")
      thread.hold(true)
      held.signal()
      if (try? thread.checkpoint()) != nil { log.note("second step") }
      done.signal()
    }
    held.wait()
    log.note("let go")
    thread.hold(false)
    done.wait()
    #expect(log.all == ["first step", "let go", "second step"])
    #expect(thread.timeHeld >= .zero)
    thread.close()
  }

  @Test("no job begins while the thread is held")
  func beginsNothing() {
    let (thread, log) = (TrainingThread(), Log())
    let done = DispatchSemaphore(value: 0)
    thread.start {
      thread.hold(true)
      thread.start {
        log.note("next job")
        done.signal()
      }
      done.signal()
    }
    done.wait()
    log.note("let go")
    thread.hold(false)
    done.wait()
    #expect(log.all == ["let go", "next job"])
    thread.close()
  }

  @Test("a held job ends when the thread is closed")
  func closed() {
    let thread = TrainingThread()
    let (held, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let hasEnded = Mutex(false)
    thread.start {
      thread.hold(true)
      held.signal()
      do { try thread.checkpoint() } catch { hasEnded.withLock { $0 = error is CancellationError } }
      done.signal()
    }
    held.wait()
    thread.close()
    done.wait()
    #expect(hasEnded.withLock { $0 })
  }
}
