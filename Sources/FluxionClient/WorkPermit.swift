import Synchronization

/// Whether a client may work: the app has not paused it, and the conditions are as required.
///
/// The training thread is held while it may not. The client's run waits here for one or the other.
final class WorkPermit: Sendable {
  typealias Reason = FederatedClient.PauseReason

  private struct State {
    var isPaused = false
    var conditions = FederatedClient.Conditions()
    var hindrance: Reason?
    var waiter: Waiter?
  }

  private struct Waiter {
    let isAwaited: @Sendable (Reason?) -> Bool
    let wake: AsyncStream<Reason?>.Continuation
  }

  private let requirements: FederatedClient.Requirements
  private let thread: TrainingThread
  private let state = Mutex(State())

  init(_ requirements: FederatedClient.Requirements, thread: TrainingThread) {
    self.requirements = requirements
    self.thread = thread
    change { _ in }
  }

  /// Why the client may not work; nil if it may.
  var hindrance: Reason? { state.withLock { $0.hindrance } }

  var conditions: FederatedClient.Conditions { state.withLock { $0.conditions } }

  func pause() { change { $0.isPaused = true } }

  func resume() { change { $0.isPaused = false } }

  func update(_ network: FederatedClient.Conditions.Network?, _ power: FederatedClient.Conditions.Power?) {
    change { state in
      if let network { state.conditions.network = network }
      if let power { state.conditions.power = power }
    }
  }

  /// Waits until the client may not work.
  ///
  /// - Returns: why; nil if the task is cancelled before.
  func withdrawal() async -> Reason? { await next { $0 != nil } }

  /// Waits until the client may work, or the task is cancelled.
  func grant() async { _ = await next { $0 == nil } }

  private func change(_ change: (inout State) -> Void) {
    state.withLock { state in
      change(&state)
      state.hindrance = state.isPaused ? .requested : requirements.hindrance(in: state.conditions)
      // Within the lock, so that the latest change has the last word.
      thread.hold(state.hindrance != nil)
      guard let waiter = state.waiter, waiter.isAwaited(state.hindrance) else { return }
      waiter.wake.yield(state.hindrance)
      waiter.wake.finish()
      state.waiter = nil
    }
  }

  /// One waits at a time: a run waits for the one while it works, for the other while it does not.
  private func next(where isAwaited: @escaping @Sendable (Reason?) -> Bool) async -> Reason? {
    let (changes, wake) = AsyncStream<Reason?>.makeStream()
    state.withLock { state in
      guard isAwaited(state.hindrance) else { return state.waiter = Waiter(isAwaited: isAwaited, wake: wake) }
      wake.yield(state.hindrance)
      wake.finish()
    }
    for await hindrance in changes { return hindrance }
    return nil
  }
}
