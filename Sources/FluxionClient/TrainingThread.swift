import Foundation
import Synchronization

/// A thread of its own for work that keeps a core busy, which the cooperative pool is not for.
///
/// `@unchecked Sendable`: `condition` guards the jobs; what they run on is theirs alone, one after the other.
final class TrainingThread: @unchecked Sendable {
  private let condition = NSCondition()
  private var jobs: [@Sendable () -> Void] = []
  private var isClosed = false

  init() {
    let thread = Thread { [self] in
      while let job = next() { job() }
    }
    // Kernels keep tiles on the stack.
    thread.stackSize = 8 << 20
    thread.name = "fluxion-training"
    thread.start()
  }

  func start(_ job: @escaping @Sendable () -> Void) {
    condition.withLock {
      jobs.append(job)
      condition.signal()
    }
  }

  /// The thread ends with the job at hand.
  func close() {
    condition.withLock {
      isClosed = true
      jobs.removeAll()
      condition.signal()
    }
  }

  private func next() -> (@Sendable () -> Void)? {
    condition.withLock {
      while true {
        if isClosed { return nil }
        if !jobs.isEmpty { return jobs.removeFirst() }
        condition.wait()
      }
    }
  }
}
