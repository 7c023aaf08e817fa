import Synchronization

/// A place for the result of each item of a job, filled in any order and read in theirs.
final class Slots<Value: Sendable>: Sendable {
  let count: Int
  private let slots: Mutex<[Value?]>

  init(count: Int) {
    self.count = count
    slots = Mutex(Array(repeating: nil, count: count))
  }

  func set(_ item: Int, _ value: Value) { slots.withLock { $0[item] = value } }

  /// What was filled in, by item.
  var values: [Value] { slots.withLock { $0.compactMap { $0 } } }
}
