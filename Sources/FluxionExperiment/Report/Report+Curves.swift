import FluxionCoordination

extension Report {
  /// More rounds than this are not listed; all are in metrics.csv.
  static let maximumListedRounds = 200

  /// Accuracy, loss, traffic and time by round.
  func curves(into markup: inout Markup) {
    guard !record.rounds.isEmpty else { return }
    section("curves", "Round by round", into: &markup) { section in
      section.element("div", ["class": "grid"]) { grid in
        accuracyCurve(into: &grid)
        lossCurve(into: &grid)
        trafficCurve(into: &grid)
        timeCurve(into: &grid)
        simulatedTimeCurve(into: &grid)
        tuningCurves(into: &grid)
      }
      for note in record.rounds.flatMap({ $0.notes ?? [] }) { section.element("p", text: note) }
      listRounds(into: &section)
    }
  }

  private var byRound: ChartAxis { ChartAxis("round", unit: .count) }

  private func points(_ value: (RoundRecord) -> Double?) -> [(x: Double, y: Double)] {
    record.rounds.compactMap { round in value(round).map { (Double(round.round), $0) } }
  }

  private func accuracyCurve(into markup: inout Markup) {
    let accuracy = points(\.testAccuracy)
    guard let last = accuracy.last else { return }
    var references: [LineChart.Reference] = []
    if let pooled = record.baselines?.pooled?.accuracy { references.append(.init("all data pooled", y: pooled)) }
    if let alone = meanAlone.accuracy { references.append(.init("a party alone, mean", y: alone)) }
    let chart = LineChart(
      id: "accuracy-chart", title: "Test accuracy by round", x: byRound, y: ChartAxis("", unit: .fraction),
      series: [.init("test accuracy", accuracy)], references: references)
    figure("Accuracy on the test set", Figures.percent(last.y), into: &markup, svg: chart.svg())
  }

  private func lossCurve(into markup: inout Markup) {
    let test = points(\.testLoss)
    let train = points(\.trainLoss)
    let chart = LineChart(
      id: "loss-chart", title: "Loss by round", x: byRound, y: ChartAxis("", including: [0]),
      series: (test.isEmpty ? [] : [.init("test", test)]) + [.init("training", train, isDashed: !test.isEmpty)])
    let last = test.last ?? train.last
    figure("Loss", last.map { Figures.loss($0.y) }, into: &markup, svg: chart.svg())
  }

  private func trafficCurve(into markup: inout Markup) {
    var (up, down) = (0, 0)
    var ups: [(x: Double, y: Double)] = []
    var downs: [(x: Double, y: Double)] = []
    for round in record.rounds {
      up += round.bytesUp
      down += round.bytesDown
      ups.append((Double(round.round), Double(up)))
      downs.append((Double(round.round), Double(down)))
    }
    // Nearly the same in both directions would be one line over the other.
    let isSame = zip(ups, downs).allSatisfy { abs($0.y - $1.y) <= 0.01 * max($0.y, $1.y) }
    let chart = LineChart(
      id: "traffic-chart", title: "Bytes up to each round", x: byRound, y: ChartAxis("", unit: .bytes, including: [0]),
      series: isSame
        ? [.init("each way", ups)]
        : [.init("to the server", ups), .init("to the clients", downs, isDashed: true)])
    let summary = "↑ \(Figures.bytes(up))  ↓ \(Figures.bytes(down))"
    figure("Traffic in all", summary, into: &markup, svg: chart.svg())
  }

  private func timeCurve(into markup: inout Markup) {
    let seconds = points(\.seconds)
    let evaluation = record.rounds.filter { $0.evaluationSeconds > 0 }.map { (Double($0.round), $0.evaluationSeconds) }
    let chart = LineChart(
      id: "time-chart", title: "Seconds by round", x: byRound, y: ChartAxis("", unit: .seconds, including: [0]),
      series: [.init("training, aggregation", seconds)]
        + (evaluation.isEmpty ? [] : [.init("evaluation", evaluation, isDashed: true)]))
    let mean = seconds.reduce(0) { $0 + $1.y } / Double(max(1, seconds.count))
    figure("Time a round", "\(Figures.seconds(mean)) on average", into: &markup, svg: chart.svg())
  }

  /// What the model was worth when, in runs with a time of their own.
  private func simulatedTimeCurve(into markup: inout Markup) {
    let isAccuracy = record.rounds.contains { $0.testAccuracy != nil }
    let points = record.rounds.compactMap { round -> (x: Double, y: Double)? in
      guard let time = round.simulatedSeconds, let score = isAccuracy ? round.testAccuracy : round.testLoss else {
        return nil
      }
      return (time, score)
    }
    guard let last = points.last else { return }
    let what = isAccuracy ? "Test accuracy" : "Test loss"
    let chart = LineChart(
      id: "simulated-time-chart", title: "\(what) by simulated time", x: ChartAxis("simulated time", unit: .seconds),
      y: isAccuracy ? ChartAxis("", unit: .fraction) : ChartAxis("", including: [0]),
      series: [.init(what.lowercased(), points)])
    figure("\(what) by simulated time", Figures.seconds(last.x), into: &markup, svg: chart.svg())
  }

  /// What was tuned: a curve for each hyperparameter.
  private func tuningCurves(into markup: inout Markup) {
    for name in Set(record.rounds.flatMap { $0.tuning?.values.keys.map { $0 } ?? [] }).sorted() {
      let values = points { $0.tuning?.values[name] }
      guard let last = values.last else { continue }
      let words = name.replacing("-", with: " ")
      let chart = LineChart(
        id: "tuned-\(name)-chart", title: "Tuned \(words) by round", x: byRound, y: ChartAxis("", including: [0]),
        series: [.init(words, values)])
      figure("Tuned \(words)", Figures.loss(last.y), into: &markup, svg: chart.svg())
    }
  }

  private func listRounds(into markup: inout Markup) {
    guard record.rounds.count <= Self.maximumListedRounds else {
      markup.element("p", ["class": "about after"], text: "Every round’s numbers are in metrics.csv beside this page.")
      return
    }
    let rows = record.rounds.map { round in
      [
        String(round.round), round.testAccuracy.map { Figures.percent($0) } ?? "–",
        round.testLoss.map { Figures.loss($0) } ?? "–", Figures.loss(round.trainLoss), Figures.seconds(round.seconds),
        Figures.bytes(round.bytesUp), Figures.bytes(round.bytesDown),
      ]
    }
    markup.element("details") { details in
      details.element("summary", text: "Every round in numbers")
      table(
        "Every round in numbers",
        [
          ("Round", true), ("Accuracy", true), ("Loss", true), ("Training loss", true), ("Time", true), ("Up", true),
          ("Down", true),
        ], rows: rows, into: &details)
    }
  }
}
