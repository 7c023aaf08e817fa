public import FluxionCalculus

/// The clients that a round selects.
public enum Cohort {
  /// Selects `count` of the clients `0 ..< registered`, each set of that size equally likely, ascending.
  ///
  /// Takes time and memory that depend on the cohort alone, however many clients are registered (R. Floyd's algorithm,
  /// Bentley 1987, "Programming pearls: a sample of brilliance", CACM 30(9)), and one draw a selected client.
  ///
  /// ```swift
  /// let cohort = Cohort.select(100, of: 100_000, key: run.folding("cohort", round))
  /// ```
  ///
  /// - Parameters:
  ///   - count: at most `registered`; more selects all.
  ///   - key: the round's.
  public static func select(_ count: Int, of registered: Int, key: RandomKey) -> [Int] {
    guard count < registered else { return Array(0..<max(registered, 0)) }
    guard count > 0 else { return [] }
    var generator = key.generator()
    var chosen = OpenSet(capacity: count)
    for last in (registered - count)..<registered {
      // The high half of a 64-bit product: unbiased to registered / 2⁶⁴, and one draw whatever the bound.
      let draw = Int(
        truncatingIfNeeded: generator.next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: last + 1)).high)
      if !chosen.insert(draw) { _ = chosen.insert(last) }
    }
    return chosen.sorted()
  }
}

/// A set of integers from 0 with a fixed hash: nothing here may depend on a seed of the process.
private struct OpenSet {
  /// -1 where free; at most half full.
  private var slots: [Int]
  private let shift: UInt64

  init(capacity: Int) {
    let bits = UInt64(Int.bitWidth - (2 * capacity).leadingZeroBitCount)
    slots = [Int](repeating: -1, count: 1 << Int(bits))
    shift = 64 - bits
  }

  /// False if it was there.
  mutating func insert(_ value: Int) -> Bool {
    // Fibonacci hashing.
    var slot = Int(truncatingIfNeeded: (UInt64(truncatingIfNeeded: value) &* 0x9E37_79B9_7F4A_7C15) >> shift)
    while slots[slot] >= 0 {
      if slots[slot] == value { return false }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = value
    return true
  }

  func sorted() -> [Int] { slots.filter { $0 >= 0 }.sorted() }
}
