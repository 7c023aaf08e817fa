package import Fluxion
import Foundation

/// What the tool says while an experiment runs and when it has.
package struct RunNarration: Sendable {
  package enum Style: Sendable {
    /// What is run, a line a round, the comparison, where the results are.
    case live
    /// The last line alone.
    case quiet
    /// `run.json` alone.
    case json
  }

  var style: Style

  package init(style: Style) { self.style = style }

  private var terminal: TerminalStyle { .current(descriptor: STDOUT_FILENO) }

  /// Runs an experiment to its end, or to Ctrl-C, which keeps what is written.
  ///
  /// - Parameter state: where the run is kept, so that it can go on.
  func run(_ experiment: Experiment, state: URL? = nil) async throws {
    try await run(goingOn: state == nil ? nil : "the same command goes on from there") { reporting in
      try await experiment.run(command: reporting.command, state: state, progress: reporting.progress) { event in
        try reporting.tell(event)
      }
    }
  }

  /// As ``run(_:state:)``, of whatever `body` makes of an experiment.
  ///
  /// - Parameter goingOn: what goes on after an interruption, in a clause; nil if nothing does.
  package func run(
    goingOn: String?, _ body: @escaping @Sendable (RunReporting) async throws -> Experiment.Outcome
  ) async throws {
    let note = InterruptionNote()
    if let goingOn { note.set("interrupted before training began; \(goingOn)") }
    let outcome = try await Signals.interrupting(note: { note.text }) {
      let lines = SharedLiveLines(style: terminal)
      let reporting = RunReporting(
        lines: lines, note: note, shows: style == .live, isTerminal: terminal.isTTY, goingOn: goingOn)
      do {
        let outcome = try await body(reporting)
        if style == .live { try lines.write { $0.end() } }
        return outcome
      } catch {
        try? lines.write { $0.end() }
        throw error
      }
    }
    switch style {
    case .live: try StandardOutput.write(ending(outcome))
    case .quiet: try StandardOutput.line(Self.result(outcome.record) + "; report: \(outcome.report)")
    case .json:
      try StandardOutput.write(String(contentsOf: outcome.directory.appending(path: "run.json"), encoding: .utf8))
    }
  }

  private func ending(_ outcome: Experiment.Outcome) -> String {
    var text = ""
    if let baselines = outcome.record.baselines { text += "\n" + table(baselines) + "\n" }
    text += Self.result(outcome.record) + "\n"
    if let notice = outcome.record.guessingNotice { text += notice + "\n" }
    text += "model \(outcome.record.modelSHA256?.prefix(16) ?? "")…, report: \(outcome.report)\n"
    return text
  }

  private func table(_ baselines: RunRecord.Baselines) -> String {
    let hasAccuracy = baselines.federation?.accuracy != nil
    var table = TextTable([.left("trained by")] + (hasAccuracy ? [.right("accuracy")] : []) + [.right("loss")])
    func cells(_ name: String, _ accuracy: Double?, _ loss: Double?) -> [String] {
      [name] + (hasAccuracy ? [accuracy.map { Figures.percent($0) } ?? "–"] : []) + [
        loss.map { Figures.loss($0) } ?? "–"
      ]
    }
    let shown = baselines.alone.prefix(20)
    for alone in shown { table.add(cells("\(alone.party) alone", alone.accuracy, alone.loss)) }
    if baselines.alone.count > shown.count { table.add(["… and \(baselines.alone.count - shown.count) more"]) }
    table.addRule()
    table.add(
      cells("the parties alone, mean", mean(baselines.alone.map(\.accuracy)), mean(baselines.alone.map(\.loss))))
    if let federation = baselines.federation {
      table.add(cells("the federation", federation.accuracy, federation.loss), isStrong: true)
    }
    if let pooled = baselines.pooled { table.add(cells("all data pooled", pooled.accuracy, pooled.loss)) }
    return table.text(style: terminal)
  }

  private func mean(_ values: [Double?]) -> Double? {
    let present = values.compactMap { $0 }
    return present.isEmpty ? nil : present.reduce(0, +) / Double(present.count)
  }
}

extension RunNarration {
  /// `digits, 10 parties by shards:2; cnn with 305,930 parameters; fedavg, 20 rounds`
  static func heading(_ record: RunRecord) -> String {
    func setting(_ name: String) -> String {
      switch record.configuration[name] {
      case .string(let text): TerminalText.printable(text)
      case .integer(let number): "\(number)"
      case .number(let number): "\(number)"
      default: ""
      }
    }
    func counted(_ name: String, _ one: String) -> String {
      setting(name) == "1" ? "1 \(one)" : "\(setting(name)) \(name)"
    }
    return "\(setting("data")), \(counted("parties", "party")) by \(setting("partition")); \(setting("model")) with "
      + "\(Figures.count(record.parameters)) parameters; \(setting("algorithm")), \(counted("rounds", "round"))"
  }

  /// `accuracy 96.1%, loss 0.131 after 20 rounds`
  static func result(_ record: RunRecord) -> String {
    let last = record.rounds.last { $0.testLoss != nil } ?? record.rounds.last
    return result(
      accuracy: last?.testAccuracy, loss: last?.testLoss, trainLoss: last?.trainLoss, rounds: record.rounds.count)
  }

  static func result(accuracy: Double?, loss: Double?, trainLoss: Double?, rounds: Int) -> String {
    var parts: [String] = []
    if let accuracy { parts.append("accuracy \(Figures.percent(accuracy))") }
    if let loss {
      parts.append("loss \(Figures.loss(loss))")
    } else if let trainLoss {
      parts.append("train loss \(Figures.loss(trainLoss))")
    }
    return parts.joined(separator: ", ") + " after \(rounds) round\(rounds == 1 ? "" : "s")"
  }

  /// What is damaged, if anything, and after which of how many rounds a run goes on.
  static func sentences(_ resumption: Experiment.Resumption, of rounds: Int) -> [String] {
    let place = TerminalText.printable(resumption.state.relativePath)
    let done = resumption.round == 1 ? "1 round" : "\(resumption.round) rounds"
    let line =
      if resumption.isFinished {
        "the run in \(place) is finished, after \(done); its outputs are written again"
      } else if resumption.round == 0 {
        "the run in \(place) had not finished a round; it begins with round 1"
      } else {
        "the run in \(place) goes on after round \(resumption.round) of \(rounds)"
      }
    return resumption.notes.map(TerminalText.printable) + [line]
  }

  static func sentence(_ stop: RunRecord.Stop) -> String {
    switch stop.reason {
    case .targetAccuracy: "stopped: the target accuracy is reached"
    case .patience: "stopped: the test loss no longer falls"
    default: "stopped: \(stop.message ?? stop.reason.rawValue)"
    }
  }

  /// The command line of this process.
  static var commandLine: String { ShellText.line(["fluxion"] + CommandLine.arguments.dropFirst()) }
}

extension Experiment.Outcome {
  var report: String { directory.appending(path: "report.html").relativePath }
}
