import Dispatch
import Synchronization

/// Time as the coordinator sees it: the wall's, or a test's own.
public protocol RunClock: Sendable {
  /// Time since some fixed instant.
  func now() -> Duration

  /// Calls `action` once, on any thread, when `delay` has passed.
  func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> ScheduledAction
}

/// An action that lies ahead and can be called off.
public final class ScheduledAction: Sendable {
  private let action: Mutex<(@Sendable () -> Void)?>

  public init(_ action: @escaping @Sendable () -> Void) { self.action = Mutex(action) }

  /// Whether there is anything left to call.
  var isPending: Bool { action.withLock { $0 != nil } }

  /// The action will not be called, unless it was already.
  public func cancel() { action.withLock { $0 = nil } }

  /// Calls the action, once.
  public func fire() {
    let action = self.action.withLock { action in
      defer { action = nil }
      return action
    }
    action?()
  }
}

/// Real time, which does not jump when the wall clock is set.
public struct WallClock: RunClock {
  public init() {}

  public func now() -> Duration { Self.start.duration(to: .now) }

  public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> ScheduledAction {
    let scheduled = ScheduledAction(action)
    let seconds = delay / .seconds(1)
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { scheduled.fire() }
    return scheduled
  }

  private static let start = ContinuousClock.now
}

/// Time that moves only when told to.
///
/// ```swift
/// let clock = VirtualClock()
/// _ = clock.schedule(after: .seconds(60)) { print("a minute later") }
/// clock.advance(by: .seconds(60))
/// ```
public final class VirtualClock: RunClock {
  private struct State {
    var now = Duration.zero
    var ahead: [(due: Duration, action: ScheduledAction)] = []

    /// Of what falls due next; what was called off is forgotten.
    var nextIndex: Int? {
      mutating get {
        ahead.removeAll { !$0.action.isPending }
        return ahead.indices.min { ahead[$0].due < ahead[$1].due }
      }
    }
  }

  private let state = Mutex(State())

  public init() {}

  public func now() -> Duration { state.withLock { $0.now } }

  public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> ScheduledAction {
    let scheduled = ScheduledAction(action)
    state.withLock { $0.ahead.append(($0.now + delay, scheduled)) }
    return scheduled
  }

  /// When the next action falls due; nil for none.
  public var nextDue: Duration? { state.withLock { state in state.nextIndex.map { state.ahead[$0].due } } }

  /// Moves time and calls what falls due on this thread, by due time and, at one instant, in the order scheduled.
  public func advance(by duration: Duration) { advance(to: now() + duration) }

  /// As ``advance(by:)``, to an instant; nothing happens for one in the past.
  public func advance(to instant: Duration) {
    while let action = next({ $0 <= instant }) { action.fire() }
    state.withLock { $0.now = max($0.now, instant) }
  }

  /// As ``advance(to:)``, but what falls due at that very instant is still to come.
  public func advance(upTo instant: Duration) {
    while let action = next({ $0 < instant }) { action.fire() }
    state.withLock { $0.now = max($0.now, instant) }
  }

  private func next(_ isDue: (Duration) -> Bool) -> ScheduledAction? {
    state.withLock { state in
      guard let index = state.nextIndex, isDue(state.ahead[index].due) else { return nil }
      let (due, action) = state.ahead.remove(at: index)
      state.now = max(state.now, due)
      return action
    }
  }
}
