/// A splittable key from which every random number of a run is drawn.
///
/// There is no ambient generator: a key names *what* a draw is for (run seed, round, client, purpose), and the draws
/// of one key are a pure function of it, so a run replays bit for bit whatever the number of threads. The function is
/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11).
///
/// ```swift
/// let run = RandomKey(seed: 7)
/// var shuffle = run.folding("round", 3).folding("client", 12).folding("shuffle").generator()
/// let order = (0..<600).shuffled(using: &shuffle)
/// ```
public struct RandomKey: Hashable, Sendable, Codable {
  public let low: UInt32
  public let high: UInt32

  public init(low: UInt32, high: UInt32) {
    self.low = low
    self.high = high
  }

  public init(seed: UInt64) {
    self.init(low: UInt32(truncatingIfNeeded: seed), high: UInt32(truncatingIfNeeded: seed >> 32))
  }

  /// The key of a sub-stream: distinct labels and indices give keys that behave as independent.
  public func folding(_ label: StaticString, _ index: Int = 0) -> RandomKey {
    // FNV-1a over the label's bytes: stable across runs, unlike `Hasher`.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    label.withUTF8Buffer { bytes in
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }
    let position = UInt64(bitPattern: Int64(index))
    let block = Philox.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32),
        UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32)),
      key: self)
    return RandomKey(low: block[0] ^ block[2], high: block[1] ^ block[3])
  }

  /// The stream of this key, from its beginning.
  public func generator() -> CounterBasedGenerator { CounterBasedGenerator(key: self) }
}

/// The Philox4x32-10 block function.
package enum Philox {
  /// Sixteen random bytes for a counter under a key.
  @inlinable
  package static func block(counter: SIMD4<UInt32>, key: RandomKey) -> SIMD4<UInt32> {
    var (x0, x1, x2, x3) = (counter[0], counter[1], counter[2], counter[3])
    var (k0, k1) = (key.low, key.high)
    for _ in 0..<10 {
      let a = UInt64(0xD251_1F53) &* UInt64(x0)
      let b = UInt64(0xCD9E_8D57) &* UInt64(x2)
      (x0, x1, x2, x3) = (
        UInt32(truncatingIfNeeded: b >> 32) ^ x1 ^ k0, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ x3 ^ k1, UInt32(truncatingIfNeeded: a)
      )
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return SIMD4(x0, x1, x2, x3)
  }
}

/// Numbers drawn in order from one ``RandomKey``.
public struct CounterBasedGenerator: RandomNumberGenerator, Sendable {
  private let key: RandomKey
  private var counter: UInt64 = 0
  private var block = SIMD4<UInt32>()
  private var unused = 0

  init(key: RandomKey) { self.key = key }

  public mutating func next() -> UInt64 {
    if unused == 0 {
      block = Philox.block(
        counter: SIMD4(UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0),
        key: key)
      counter &+= 1
      unused = 2
    }
    unused -= 1
    return unused == 1
      ? UInt64(block[0]) | UInt64(block[1]) << 32
      : UInt64(block[2]) | UInt64(block[3]) << 32
  }

  /// A float uniform in `[0, 1)`, of 24 random bits.
  public mutating func nextUniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A double uniform in `[0, 1)`, of 53 random bits.
  public mutating func nextUniformDouble() -> Double { Double(next() >> 11) * 0x1p-53 }
}
