@testable import FluxionClient
import FluxionCalculus
import FluxionWire
import Testing

@Suite("Work in hand")
struct WorkInHandTests {
  /// A task of round 1; tasks with equal keys ask for the same work.
  private func work(_ task: UInt64, key: UInt32 = 1, run: String = "r") -> WorkInHand.Work {
    var message = Fluxion_V1_Task()
    (message.round, message.task, message.keyLow) = (1, task, key)
    return WorkInHand.Work(message, run: run)
  }

  private func report(_ task: ReportedTask) -> ClientReportMessage {
    .failure(Fluxion_V1_Failure(task, FluxionError(.diverged, "it went wrong")))
  }

  private func isTraining(_ step: WorkInHand.Step) -> Bool { if case .train = step { true } else { false } }
  private func isNothing(_ step: WorkInHand.Step) -> Bool { if case .nothing = step { true } else { false } }
  private func sent(_ step: WorkInHand.Step) -> UInt64? {
    if case .send(let report) = step { report.task.task } else { nil }
  }

  @Test("a task is done once, however often it is sent, and its report kept until it is answered")
  func once() {
    var hand = WorkInHand()
    #expect(hand.task == nil)
    #expect(isTraining(hand.begin(work(10))))
    #expect(isNothing(hand.begin(work(10))))
    #expect(hand.unanswered == nil)
    #expect(hand.report(on: work(10), report) != nil)
    #expect(hand.task == 10)
    #expect(hand.unanswered != nil)
    #expect(isNothing(hand.begin(work(10))))
    #expect(hand.end(10)?.task == 10)
    #expect(hand.task == nil)
    #expect(hand.end(10) == nil)
  }

  @Test("a round that is handed out anew is not done again: its report is sent under the new task's number")
  func sameWork() {
    var hand = WorkInHand()
    #expect(isTraining(hand.begin(work(10))))
    _ = hand.report(on: work(10), report)
    #expect(sent(hand.begin(work(20))) == 20)
    #expect(hand.unanswered?.task.task == 20)
    // What the server says of the earlier number is of no interest.
    #expect(hand.end(10) == nil)
    #expect(hand.end(20)?.task == 20)
  }

  @Test("training goes on for a round that is handed out anew meanwhile, and its report has the new number")
  func sameWorkUnderway() {
    var hand = WorkInHand()
    #expect(isTraining(hand.begin(work(10))))
    #expect(isNothing(hand.begin(work(20))))
    #expect(hand.holds(work(10)))
    #expect(hand.report(on: work(10), report)?.task.task == 20)
  }

  @Test("a task that asks for other work takes the place of the one in hand")
  func replaced() {
    var hand = WorkInHand()
    #expect(isTraining(hand.begin(work(10))))
    #expect(isTraining(hand.begin(work(11, key: 2))))
    #expect(!hand.holds(work(10)))
    #expect(hand.report(on: work(10), report) == nil)
    #expect(hand.end(10) == nil)
    #expect(hand.task == 11)
  }

  @Test("a task that a later one has overtaken on its way is not begun, and one of another run is")
  func overtaken() {
    var hand = WorkInHand()
    #expect(isTraining(hand.begin(work(11))))
    #expect(isNothing(hand.begin(work(10))))
    #expect(hand.task == 11)
    _ = hand.end(11)
    #expect(isNothing(hand.begin(work(10))))
    #expect(isTraining(hand.begin(work(1, run: "other"))))
  }

  @Test("a task that is withdrawn is not reported")
  func withdrawn() {
    var hand = WorkInHand()
    #expect(isTraining(hand.begin(work(10))))
    #expect(hand.end(10)?.task == 10)
    #expect(hand.report(on: work(10), report) == nil)
  }
}
