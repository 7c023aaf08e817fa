import FluxionCalculus
import FluxionClient
import Testing

@Suite("Back-off")
struct BackoffTests {
  @Test("doubles up to its limit, less a random part of up to a half, which the key decides")
  func delays() {
    let backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
    let key = RandomKey(seed: 4)
    for (failures, whole) in [(1, 0.1), (2, 0.2), (3, 0.4), (5, 1.6), (6, 2.0), (60, 2.0), (0, 0.1), (.max, 2.0)] {
      let seconds = backoff.delay(afterFailures: failures, key: key) / .seconds(1)
      #expect(seconds >= whole / 2 && seconds <= whole)
    }
    #expect(backoff.delay(afterFailures: 3, key: key) == backoff.delay(afterFailures: 3, key: key))
    #expect(backoff.delay(afterFailures: 3, key: key) != backoff.delay(afterFailures: 3, key: RandomKey(seed: 5)))
  }
}
