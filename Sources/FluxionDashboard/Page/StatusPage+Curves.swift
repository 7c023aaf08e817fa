import FluxionExperiment

extension StatusPage {
  /// More rounds than this are not listed; `/api/status` has them.
  static let maximumListedRounds = 50

  func curves(into markup: inout Markup) {
    section("curves", "Round by round", into: &markup) { section in
      guard !status.rounds.isEmpty else {
        section.element("p", ["class": "about"], text: "The curves begin with the first round.")
        return
      }
      section.element("div", ["class": "grid"]) { grid in
        if status.rounds.contains(where: { $0.accuracy != nil }) { accuracyCurve(into: &grid) }
        lossCurve(into: &grid)
        timeCurve(into: &grid)
        trafficCurve(into: &grid)
      }
    }
  }

  private var byRound: ChartAxis { ChartAxis("round", unit: .count) }

  private func points(_ value: (FederationStatus.Round) -> Double?) -> [(x: Double, y: Double)] {
    status.rounds.compactMap { round in value(round).map { (Double(round.round), $0) } }
  }

  private func accuracyCurve(into markup: inout Markup) {
    let accuracy = points(\.accuracy)
    let chart = LineChart(
      id: "accuracy-chart", title: "Test accuracy by round", x: byRound, y: ChartAxis("", unit: .fraction),
      series: [.init("test accuracy", accuracy)])
    figure(
      "Accuracy on the test set", accuracy.last.map { Figures.percent($0.y) }, into: &markup, svg: chart.svg())
  }

  private func lossCurve(into markup: inout Markup) {
    let test = points(\.loss)
    let train = points(\.trainLoss)
    let chart = LineChart(
      id: "loss-chart", title: "Loss by round", x: byRound, y: ChartAxis("", including: [0]),
      series: (test.isEmpty ? [] : [.init("test", test)]) + [.init("training", train, isDashed: !test.isEmpty)])
    figure("Loss", (test.last ?? train.last).map { Figures.loss($0.y) }, into: &markup, svg: chart.svg())
  }

  private func timeCurve(into markup: inout Markup) {
    let seconds = points(\.seconds)
    let chart = LineChart(
      id: "time-chart", title: "Seconds by round", x: byRound, y: ChartAxis("", unit: .seconds, including: [0]),
      series: [.init("training, aggregation", seconds)])
    figure("Time a round", seconds.last.map { Figures.seconds($0.y) }, into: &markup, svg: chart.svg())
  }

  private func trafficCurve(into markup: inout Markup) {
    let up = points { Double($0.bytesUp) }
    let down = points { Double($0.bytesDown) }
    let isSame = zip(up, down).allSatisfy { abs($0.y - $1.y) <= 0.01 * max($0.y, $1.y) }
    let chart = LineChart(
      id: "traffic-chart", title: "Bytes by round", x: byRound, y: ChartAxis("", unit: .bytes, including: [0]),
      series: isSame
        ? [.init("each way", up)] : [.init("to the server", up), .init("to the parties", down, isDashed: true)])
    let summary = status.rounds.last.map { "↑ \(Figures.bytes($0.bytesUp))  ↓ \(Figures.bytes($0.bytesDown))" }
    figure("Traffic a round", summary, into: &markup, svg: chart.svg())
  }

  /// The latest rounds in numbers, the last on top.
  func listRounds(into markup: inout Markup) {
    guard !status.rounds.isEmpty else { return }
    let listed = status.rounds.suffix(Self.maximumListedRounds).reversed()
    let caption = listed.count < status.rounds.count ? "The latest rounds in numbers" : "Every round in numbers"
    let rows = listed.map { round in
      [
        ([String(round.round)] + (round.notes ?? [])).joined(separator: "\n"),
        round.accuracy.map { Figures.percent($0) } ?? "–", round.loss.map { Figures.loss($0) } ?? "–",
        round.trainLoss.map { Figures.loss($0) } ?? "–", Figures.seconds(round.seconds), String(round.accepted),
        String(round.refused), String(round.missed), Figures.bytes(round.bytesUp), Figures.bytes(round.bytesDown),
      ]
    }
    markup.element("details", ["id": "numbers"]) { details in
      details.element("summary", text: caption)
      table(
        caption,
        [
          ("Round", false), ("Accuracy", true), ("Loss", true), ("Training loss", true), ("Time", true),
          ("Accepted", true), ("Refused", true), ("Missed", true), ("Up", true), ("Down", true),
        ].map { (title: $0.0, isNumber: $0.1) }, rows: rows, into: &details)
    }
  }
}
