import FluxionCalculus
import Testing

@Suite("RandomKey")
struct RandomKeyTests {
  /// The known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10).
  @Test("agrees with the published known answers of Philox4x32-10")
  func knownAnswers() {
    #expect(
      Philox.block(counter: SIMD4(0, 0, 0, 0), key: RandomKey(low: 0, high: 0))
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = UInt32.max
    #expect(
      Philox.block(counter: SIMD4(repeating: ones), key: RandomKey(low: ones, high: ones))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
  }

  @Test("gives distinct streams for distinct labels and indices, and the same stream twice")
  func splitting() {
    let key = RandomKey(seed: 7)
    let keys = [key, key.folding("a"), key.folding("b"), key.folding("a", 1), key.folding("a").folding("a")]
    #expect(Set(keys).count == keys.count)
    var first = key.folding("a").generator()
    var second = key.folding("a").generator()
    #expect((0..<9).map { _ in first.next() } == (0..<9).map { _ in second.next() })
  }
}
