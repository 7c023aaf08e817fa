import Foundation
import Synchronization

/// Threads of its own for work that keeps a core busy, which the cooperative pool is not for.
///
/// The items of a job are handed out one by one as threads come free, so uneven items keep all threads busy.
final class WorkerPool: Sendable {
  let threadCount: Int
  private let queue = JobQueue()

  /// - Parameter threads: at least 1; nil for one a core.
  init(threads: Int?) {
    threadCount = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    queue.threadCount.store(threadCount, ordering: .relaxed)
    for worker in 0..<threadCount {
      let thread = Thread { [queue] in queue.work(as: worker) }
      thread.stackSize = 8 << 20
      thread.name = "fluxion-worker-\(worker)"
      thread.start()
    }
  }

  deinit { queue.close() }

  /// Calls `body` once for each item, on any thread; then `completion`, on the thread that was last.
  ///
  /// Jobs started earlier are finished first. No two calls with one worker number run at the same time.
  func start(
    items: Int, _ body: @escaping @Sendable (_ worker: Int, _ item: Int) -> Void,
    completion: @escaping @Sendable () -> Void
  ) {
    queue.append(Job(items: items, threads: threadCount, body: body, completion: completion))
  }

  /// As ``start(items:_:completion:)``, to its end.
  func run(items: Int, _ body: @escaping @Sendable (_ worker: Int, _ item: Int) -> Void) async {
    await withCheckedContinuation { continuation in
      start(items: items, body) { continuation.resume() }
    }
  }
}

private final class Job: Sendable {
  private let items: Int
  private let body: @Sendable (Int, Int) -> Void
  private let completion: @Sendable () -> Void
  private let next = Atomic<Int>(0)
  private let working: Atomic<Int>

  init(
    items: Int, threads: Int, body: @escaping @Sendable (Int, Int) -> Void, completion: @escaping @Sendable () -> Void
  ) {
    self.items = items
    self.body = body
    self.completion = completion
    working = Atomic(threads)
  }

  func work(as worker: Int) {
    while true {
      let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if item >= items { break }
      body(worker, item)
    }
    // What each thread wrote must be seen by the one that completes the job.
    if working.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { completion() }
  }
}

/// Jobs in order; every thread takes part in each.
///
/// `@unchecked Sendable`: `condition` guards all that changes.
private final class JobQueue: @unchecked Sendable {
  let threadCount = Atomic<Int>(0)
  private let condition = NSCondition()
  private var jobs: [Int: (job: Job, waiting: Int)] = [:]
  private var appended = 0
  private var isClosed = false

  func append(_ job: Job) {
    condition.withLock {
      jobs[appended] = (job, threadCount.load(ordering: .relaxed))
      appended += 1
      condition.broadcast()
    }
  }

  func close() {
    condition.withLock {
      isClosed = true
      condition.broadcast()
    }
  }

  func work(as worker: Int) {
    var number = 0
    while let job = take(number) {
      job.work(as: worker)
      number += 1
    }
  }

  /// The job of a number, once there is one; nil when there will be none.
  private func take(_ number: Int) -> Job? {
    condition.withLock {
      while true {
        if let (job, waiting) = jobs[number] {
          jobs[number] = waiting > 1 ? (job, waiting - 1) : nil
          return job
        }
        if isClosed { return nil }
        condition.wait()
      }
    }
  }
}
