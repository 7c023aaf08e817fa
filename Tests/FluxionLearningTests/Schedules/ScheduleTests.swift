import FluxionCalculus
import FluxionLearning
import Foundation
import Testing

struct ScheduleGoldens: Decodable, Sendable {
  struct Row: Decodable, Sendable {
    let name: String
    let steps: [Int]
    let values: [Double]
  }
  struct Plateau: Decodable, Sendable {
    let losses: [Double]
    let values: [Double]
  }
  let schedules: [Row]
  let plateau: Plateau
}

@Suite("Schedules")
struct ScheduleTests {
  static let peak = 0.8

  /// The golden's name, the schedule, and how far its count of steps is ahead of ours.
  static let rows: [(String, Schedule, Int)] = [
    ("constant", .constant, 0),
    ("step", .step(every: 3, factor: 0.5), 0),
    ("exponential", .exponential(factor: 0.9), 0),
    ("cosine", .cosine(length: 10), 0),
    ("cosine-minimum", .cosine(length: 10, minimum: 0.1), 0),
    // Our warm-up begins where optax's is after one step, so that the first step does something.
    ("warmup-constant", .warmup(3), 1),
    ("inverse-square-root", .inverseSquareRoot(warmup: 4), 1),
  ]

  @Test("agree with optax and PyTorch", arguments: rows)
  func goldens(_ name: String, _ schedule: Schedule, _ ahead: Int) throws {
    let row = try #require(try golden("schedules", ScheduleGoldens.self).schedules.first { $0.name == name })
    let pairs = zip(row.steps, row.values).filter { $0.0 >= ahead }
    #expect(pairs.count >= 12)
    expectClose(pairs.map { Self.peak * schedule.factor(at: $0.0 - ahead) }, pairs.map(\.1), name)
  }

  @Test("warm up before another schedule, whose lengths count from there")
  func warmupCosine() throws {
    let row = try #require(try golden("schedules", ScheduleGoldens.self).schedules.first { $0.name == "warmup-cosine" })
    let schedule = Schedule.warmup(3, then: .cosine(length: 7, minimum: 0.1))
    expectClose((0..<3).map { schedule.factor(at: $0) }, [1.0 / 3, 2.0 / 3, 1])
    expectClose((3...12).map { Self.peak * schedule.factor(at: $0) }, Array(row.values[3...]))
  }

  @Test("wait for a plateau as PyTorch does, also after a restart in between")
  func plateau() throws {
    let plateau = try golden("schedules", ScheduleGoldens.self).plateau
    let schedule = Schedule.warmup(1, then: .onPlateau(factor: 0.5, patience: 2))
    var state = Schedule.State()
    let values = try plateau.losses.map { loss in
      schedule.observe(loss: loss, &state)
      state = try JSONDecoder().decode(Schedule.State.self, from: JSONEncoder().encode(state))
      return Self.peak * schedule.factor(at: 5, state: state)
    }
    expectClose(values, plateau.values)
  }

  @Test("take a loss that is no number for no improvement")
  func nanLoss() {
    var state = Schedule.State()
    let schedule = Schedule.onPlateau(factor: 0.5, patience: 0)
    schedule.observe(loss: .nan, &state)
    #expect(state.factor == 0.5)
    #expect(state.best == nil)
  }

  @Test(
    "are written as text and read back",
    arguments: [
      "constant", "cosine:100", "cosine:100,0.1", "step:30,0.5", "exponential:0.95", "warmup:5",
      "warmup:5+cosine:100", "inverse-sqrt:10", "plateau:0.5,3", "plateau:0.5,3,0.01", "warmup:2+plateau:0.1,0",
    ])
  func text(_ text: String) throws {
    let schedule = try Schedule.named(text)
    #expect(schedule.description == text)
    #expect(try JSONDecoder().decode([Schedule].self, from: JSONEncoder().encode([schedule])) == [schedule])
  }

  @Test(
    "are refused with the nearest name or the reason",
    arguments: [
      ("cosin:100", "\"cosine\""), ("cosine", "needs length"), ("cosine:0", "at least 1"), ("step:30", "needs factor"),
      ("step:30,-1", "positive"), ("cosine:5+step:1,1", "only a warm-up"), ("warmup:5+warmup:5", "twice"),
      ("exponential:x", "a number"), ("plateau:2,3", "from 0 to 1"), ("constant:1", "no arguments"),
      ("", "use one of constant"),
      ("warmup:5+", "use one of constant"),
    ])
  func refusals(_ text: String, _ part: String) {
    let message = message { try Schedule.named(text) }
    #expect(message?.contains(part) == true, "\(message ?? "")")
  }

  @Test("give the same factor before the first step as at it, and survive any step")
  func extremes() {
    for (_, schedule, _) in Self.rows {
      #expect(schedule.factor(at: -1) == schedule.factor(at: 0))
      #expect(schedule.factor(at: .max).isFinite)
    }
    #expect(Schedule.constant.value(0.1, at: 3) == 0.1)
  }
}

@Suite("Batch size schedules")
struct BatchSizeScheduleTests {
  @Test(
    "grow as they say, to their maximum",
    arguments: [
      ("constant", [32, 32, 32, 32]), ("step:2,2.0", [32, 32, 64, 64]), ("step:1,2.0,100", [32, 64, 100, 100]),
      ("step:1,0.01", [32, 1, 1, 1]), ("linear:1,8", [32, 40, 48, 56]), ("linear:2,8,36", [32, 32, 36, 36]),
    ])
  func sizes(_ text: String, _ sizes: [Int]) throws {
    let schedule = try BatchSizeSchedule.named(text)
    #expect((0..<4).map { schedule.size(32, at: $0) } == sizes)
    #expect(schedule.description == text)
    #expect(schedule.size(.max, at: .max) >= 1)
  }

  @Test("are refused with the reason", arguments: ["steps:1,2", "step:0,2", "step:1,-2", "linear:1", "step:1,2,-5"])
  func refusals(_ text: String) { _ = message { try BatchSizeSchedule.named(text) } }
}

@Suite("Early stopping")
struct EarlyStoppingTests {
  @Test(
    "stops after more observations without improvement than its patience",
    arguments: [
      (EarlyStopping(patience: 1), [3, 2, 2.5, 1.9, 1.9, 1.9, 0], 5, 1.9),
      (EarlyStopping(patience: 0, minDelta: 0.5), [3, 2, 1.6], 2, 2),
      (EarlyStopping(patience: 1, mode: .maximize), [1, 2, 1, .nan, 5], 3, 2),
    ])
  func stops(_ stopping: EarlyStopping, _ values: [Double], _ expected: Int, _ best: Double) throws {
    var state = EarlyStopping.State()
    var stopped: Int?
    for (round, value) in values.enumerated() where stopped == nil {
      if stopping.observe(value, at: round, &state) { stopped = round }
      state = try JSONDecoder().decode(EarlyStopping.State.self, from: JSONEncoder().encode(state))
    }
    #expect(stopped == expected)
    #expect(state.best == best)
    #expect(state.bestRound == values.firstIndex(of: best))
  }
}
