import FluxionCoordination
import FluxionFederation

extension Report {
  /// More parties than this are not drawn a line each.
  static let maximumDrawnParties = 24
  /// Cosines between more parties than this are not drawn.
  static let maximumCosineParties = 40

  /// How the parties agree, how noisy their gradients and how curved the loss.
  func analysis(into markup: inout Markup) {
    let rounds = analyzedRounds
    guard let last = rounds.last else { return }
    section("analysis", "Gradients", into: &markup) { section in
      statements(into: &section)
      section.element("div", ["class": "grid"]) { grid in
        cosines(last, id: "last-cosines-chart", into: &grid)
        if let first = rounds.first, rounds.count > 1, first.analysis.parties.count <= Self.maximumDrawnParties {
          cosines(first, id: "first-cosines-chart", into: &grid)
        }
        partyCurves(into: &grid)
        agreementCurve(into: &grid)
        noiseCurve(into: &grid)
        eigenvalueCurve(into: &grid)
        traceCurve(into: &grid)
      }
      listParties(last, into: &section)
    }
  }

  private struct Analyzed {
    let round: Int
    let analysis: RoundAnalysis
    /// "updates", or "gradients" where there are no updates to compare.
    var what: String { analysis.updates == nil ? "gradients" : "updates" }
    var agreement: Agreement { analysis.updates ?? analysis.gradients }
  }

  private var analyzedRounds: [Analyzed] {
    record.rounds.compactMap { round in round.analysis.map { Analyzed(round: round.round, analysis: $0) } }
  }

  private func name(ofParty party: Int) -> String {
    guard let parties = record.partition?.parties, parties.indices.contains(party) else { return "party \(party)" }
    return parties[party].name
  }

  private var byRound: ChartAxis { ChartAxis("round", unit: .count) }

  // MARK: Who disagrees

  /// The parties that disagreed with the rest in at least half of the analysed rounds that they took part in, with how
  /// many rounds that was; ascending.
  private var disagreeing: [(party: Int, rounds: Int, of: Int)] {
    var counts: [Int: (rounds: Int, of: Int)] = [:]
    for round in analyzedRounds {
      for party in round.analysis.parties { counts[party.party, default: (0, 0)].of += 1 }
      for party in round.analysis.disagreeing { counts[party, default: (0, 0)].rounds += 1 }
    }
    return counts.filter { $0.value.rounds > 0 && 2 * $0.value.rounds >= $0.value.of }
      .map { ($0.key, $0.value.rounds, $0.value.of) }.sorted { $0.party < $1.party }
  }

  private func statements(into markup: inout Markup) {
    let what = analyzedRounds.last?.what ?? "updates"
    let rule =
      "mean cosine to the others more than three robust standard deviations (1.4826 times the median absolute "
      + "deviation), and at least 0.1, below the median party’s"
    for one in disagreeing.prefix(10) {
      markup.element(
        "p", ["class": "notice"],
        text: "The \(what) of \(name(ofParty: one.party)) disagree with the rest in \(one.rounds) of "
          + "\(Self.counted(one.of, "analysed round", "analysed rounds")): \(rule). Wrong labels, another distribution "
          + "or a hostile party look like this.")
    }
    let isNone = disagreeing.isEmpty
    markup.element(
      "p", ["class": isNone ? "about" : "about after"],
      text: (isNone ? "No party’s \(what) disagree with the rest: none has a \(rule). " : "")
        + "How the parties’ \(what) point, how noisy their gradients are and how curved the loss is, at the global "
        + "model that each analysed round began with.")
  }

  // MARK: Pictures

  private func cosines(_ round: Analyzed, id: String, into markup: inout Markup) {
    let parties = round.analysis.parties.map(\.party)
    guard parties.count <= Self.maximumCosineParties else { return }
    let chart = HeatMap(
      id: id, title: "Cosines between the \(round.what) of the parties in round \(round.round)", xTitle: "party",
      rowNames: parties.map(name(ofParty:)), columnNames: parties.map(String.init), cells: round.agreement.cosines,
      scale: .cosines)
    let mean = round.agreement.meanCosine.map { "mean \(Self.signed($0))" }
    figure("Cosines between \(round.what), round \(round.round)", mean, into: &markup, svg: chart.svg())
  }

  private func partyCurves(into markup: inout Markup) {
    partyCurve("cosine", "Mean cosine to the others", ChartAxis(""), into: &markup) {
      $0.updateCosine ?? $0.gradientCosine
    }
    let norm = ChartAxis("", including: [0])
    partyCurve("gradient", "Gradient norm ‖∇L‖", norm, into: &markup, \.gradientNorm)
    partyCurve("update", "Update norm", norm, into: &markup, \.updateNorm)
    partyCurve("drift", "Drift from the new global model", norm, into: &markup, \.drift)
  }

  private typealias Curve = [(x: Double, y: Double)]

  /// A line a party, or the least and the most of too many; the median over them, and by name who disagrees.
  private func partyCurve(
    _ id: String, _ heading: String, _ axis: ChartAxis, into markup: inout Markup,
    _ value: (PartyAnalysis) -> Double?
  ) {
    var lines: [Int: Curve] = [:]
    var (low, middle, high): (Curve, Curve, Curve) = ([], [], [])
    for round in analyzedRounds {
      let x = Double(round.round)
      let values = round.analysis.parties.compactMap { party in value(party).map { (party.party, $0) } }
      for (party, y) in values { lines[party, default: []].append((x, y)) }
      let sorted = values.map(\.1).sorted()
      guard let least = sorted.first, let most = sorted.last else { continue }
      low.append((x, least))
      middle.append((x, sorted[sorted.count / 2]))
      high.append((x, most))
    }
    guard let last = middle.last else { return }
    let named = disagreeing.map(\.party).prefix(3)
    var series = [LineChart.Series("median party", middle)]
    series += named.compactMap { party in lines[party].map { .init(name(ofParty: party), $0) } }
    if lines.count <= Self.maximumDrawnParties {
      series += lines.keys.sorted().filter { !named.contains($0) }.map { party in
        .init(name(ofParty: party), lines[party] ?? [], isFaint: true)
      }
    } else {
      series += [.init("least", low, isFaint: true), .init("most", high, isFaint: true)]
    }
    let chart = LineChart(id: "\(id)-chart", title: "\(heading) by round", x: byRound, y: axis, series: series)
    figure(heading, "median \(Self.signed(last.y))", into: &markup, svg: chart.svg())
  }

  private func points(_ value: (Analyzed) -> Double?) -> Curve {
    analyzedRounds.compactMap { round in value(round).map { (Double(round.round), $0) } }
  }

  private func agreementCurve(into markup: inout Markup) {
    let conflict = points { $0.agreement.conflict }
    guard let last = conflict.last else { return }
    let chart = LineChart(
      id: "conflict-chart", title: "Pairs of parties in conflict by round", x: byRound,
      y: ChartAxis("", unit: .fraction, including: [0]), series: [.init("pairs in conflict", conflict)])
    let diversity = points { $0.agreement.diversity }.last.map { ", diversity \(Figures.loss($0.y))" } ?? ""
    figure(
      "Pairs with a negative cosine", "\(Figures.percent(last.y, digits: 1))\(diversity)", into: &markup,
      svg: chart.svg())
  }

  private func noiseCurve(into markup: inout Markup) {
    let noise = points { $0.analysis.noise?.batchSize }
    guard let last = noise.last else { return }
    let chart = LineChart(
      id: "noise-chart", title: "Gradient noise scale by round", x: byRound, y: ChartAxis("samples", including: [0]),
      series: [.init("noise scale", noise)])
    figure(
      "Gradient noise scale", "batches of \(Figures.count(Int(min(last.y.rounded(), 1e15))))", into: &markup,
      svg: chart.svg())
  }

  private func eigenvalueCurve(into markup: inout Markup) {
    let top = points { $0.analysis.hessian?.topEigenvalue }
    guard let last = top.last else { return }
    let chart = LineChart(
      id: "eigenvalue-chart", title: "Largest Hessian eigenvalue by round", x: byRound,
      y: ChartAxis("", including: [0]),
      series: [.init("largest eigenvalue", top)])
    figure("Largest Hessian eigenvalue", Figures.loss(last.y), into: &markup, svg: chart.svg())
  }

  private func traceCurve(into markup: inout Markup) {
    let trace = points { $0.analysis.hessian?.trace }
    guard let last = trace.last else { return }
    let error = analyzedRounds.last?.analysis.hessian?.traceError.map { " ± \(Figures.loss($0))" } ?? ""
    let chart = LineChart(
      id: "trace-chart", title: "Hessian trace by round", x: byRound, y: ChartAxis("", including: [0]),
      series: [.init("trace", trace)])
    figure("Hessian trace", Figures.loss(last.y) + error, into: &markup, svg: chart.svg())
  }

  // MARK: Numbers

  private func listParties(_ round: Analyzed, into markup: inout Markup) {
    func text(_ value: Double?) -> String { value.map(Self.signed) ?? "–" }
    let hasUpdates = round.analysis.updates != nil
    let rows = round.analysis.parties.map { party in
      var cells = [name(ofParty: party.party), text(party.loss), text(party.gradientNorm)]
      if hasUpdates { cells += [text(party.updateNorm), text(party.drift), text(party.updateCosine)] }
      cells += [text(party.gradientCosine), text(party.noise?.batchSize)]
      return cells + [round.analysis.disagreeing.contains(party.party) ? "disagrees" : ""]
    }
    var columns = [("Party", false), ("Loss", true), ("Gradient norm", true)]
    if hasUpdates { columns += [("Update norm", true), ("Drift", true), ("Update cosine", true)] }
    columns += [("Gradient cosine", true), ("Noise scale", true), ("", false)]
    let caption = "Every party in round \(round.round) in numbers"
    markup.element("details") { details in
      details.element("summary", text: caption)
      table(caption, columns.map { (title: $0.0, isNumber: $0.1) }, rows: rows, into: &details)
    }
    guard round.analysis.parties.count < round.analysis.cohort else { return }
    markup.element(
      "p", ["class": "about after"],
      text: "\(Figures.count(round.analysis.parties.count)) of the round’s \(Figures.count(round.analysis.cohort)) "
        + "parties, drawn at random, were analysed, by their gradients alone.")
  }

  private static func signed(_ value: Double) -> String { Figures.loss(value).replacing("-", with: "−") }
}
