import FluxionCoordination
import Synchronization
import Testing

@Suite("VirtualClock")
struct VirtualClockTests {
  @Test("calls what falls due, in order of time and then of scheduling")
  func order() {
    let clock = VirtualClock()
    let calls = Mutex<[String]>([])
    func schedule(_ name: String, _ seconds: Int) -> ScheduledAction {
      clock.schedule(after: .seconds(seconds)) { calls.withLock { $0.append(name) } }
    }
    let actions = [schedule("b", 2), schedule("a", 1), schedule("c", 2), schedule("d", 3)]
    clock.advance(by: .seconds(2))
    #expect(calls.withLock { $0 } == ["a", "b", "c"])
    #expect(clock.now() == .seconds(2))
    actions[3].cancel()
    clock.advance(by: .seconds(2))
    #expect(calls.withLock { $0 } == ["a", "b", "c"])
    #expect(clock.now() == .seconds(4))
  }
}
