import Foundation

/// A thread of its own for work that keeps a core busy, which the cooperative pool is not for.
///
/// It can be held: then it begins no job, and the job at hand waits at its next ``checkpoint()`` with everything that it
/// has computed.
///
/// `@unchecked Sendable`: `condition` guards the jobs and what is beside them; what they run on is theirs alone, one
/// after the other.
final class TrainingThread: @unchecked Sendable {
  private let condition = NSCondition()
  private var jobs: [@Sendable () -> Void] = []
  private var isHeld = false
  private var isClosed = false
  private var waited = Duration.zero

  init() {
    let thread = Thread { [self] in
      while let job = next() { job() }
    }
    // Kernels keep tiles on the stack.
    thread.stackSize = 8 << 20
    thread.name = "fluxion-training"
    thread.start()
  }

  /// How long jobs have waited at checkpoints, all together.
  var timeHeld: Duration { condition.withLock { waited } }

  func start(_ job: @escaping @Sendable () -> Void) {
    condition.withLock {
      jobs.append(job)
      condition.signal()
    }
  }

  /// Holds the thread, or lets it go on.
  func hold(_ isHeld: Bool) {
    condition.withLock {
      self.isHeld = isHeld
      condition.signal()
    }
  }

  /// For jobs to call where they may stop: waits while the thread is held.
  ///
  /// - Throws: `CancellationError` once the thread is closed.
  func checkpoint() throws {
    try condition.withLock {
      if isHeld, !isClosed {
        let begin = ContinuousClock.now
        while isHeld, !isClosed { condition.wait() }
        waited += ContinuousClock.now - begin
      }
      if isClosed { throw CancellationError() }
    }
  }

  /// The thread ends with the job at hand, which ends at its next checkpoint.
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
        if !isHeld, !jobs.isEmpty { return jobs.removeFirst() }
        condition.wait()
      }
    }
  }
}
