import FluxionCoordination

extension Report {
  /// More classes than this are not drawn one by one.
  static let maximumDrawnClasses = 64

  /// Who holds what, and what they did.
  func parties(into markup: inout Markup) {
    guard let partition = record.partition, !partition.parties.isEmpty else { return }
    section("parties", "Parties", into: &markup) { section in
      if partition.parties.count <= Self.maximumListedParties {
        section.element("div", ["class": "grid start"]) { grid in
          heatMap(partition, into: &grid)
          grid.element("div", ["class": "card flush"]) { partyTable(partition, into: &$0) }
        }
      } else {
        section.element(
          "p", ["class": "about"],
          text: "Too many to list one by one: how their data are spread. run.json has every party.")
        section.element("div", ["class": "grid"]) { grid in
          sampleDistribution(partition, into: &grid)
          labelDistribution(partition, into: &grid)
          classTotals(partition, into: &grid)
          grid.element("div", ["class": "card"]) { card in
            card.element("h3", text: "From the least party to the most")
            quantiles(partition, into: &card)
          }
        }
      }
    }
  }

  private func classNames(_ partition: RunRecord.Partition) -> [String] {
    let count = partition.parties.lazy.compactMap { $0.labelHistogram?.count }.max() ?? 0
    let names = partition.classNames ?? []
    return (0..<count).map { $0 < names.count ? names[$0] : String($0) }
  }

  private func heatMap(_ partition: RunRecord.Partition, into markup: inout Markup) {
    let names = classNames(partition)
    guard !names.isEmpty else {
      let chart = BarChart(
        id: "samples-chart", title: "Samples a party", xTitle: "party", categories: partition.parties.map(\.name),
        y: ChartAxis("", unit: .count), series: [.init("samples", partition.parties.map { Double($0.samples) })])
      figure("Samples a party", nil, into: &markup, svg: chart.svg())
      return
    }
    let shown = names.prefix(Self.maximumDrawnClasses)
    let chart = HeatMap(
      id: "labels-chart", title: "Samples of each label at each party", xTitle: "label",
      rowNames: partition.parties.map(\.name), columnNames: Array(shown),
      rows: partition.parties.map { Array(($0.labelHistogram ?? []).prefix(shown.count)) })
    let note = shown.count < names.count ? "the first \(shown.count) of \(names.count)" : nil
    figure("Labels a party holds", note, into: &markup, svg: chart.svg())
  }

  /// What a party did in all rounds.
  private struct Work {
    var rounds = 0
    var steps = 0
    var seconds = 0.0
    var trainLoss: Double?
  }

  private var work: [Int: Work] {
    record.rounds.reduce(into: [:]) { work, round in
      for party in round.parties {
        work[party.party, default: Work()].rounds += 1
        work[party.party, default: Work()].steps += party.steps
        work[party.party, default: Work()].seconds += party.seconds
        work[party.party, default: Work()].trainLoss = party.trainLoss
      }
    }
  }

  private func partyTable(_ partition: RunRecord.Partition, into markup: inout Markup) {
    let work = work
    let alone = record.baselines?.alone ?? []
    let hasLabels = partition.parties.contains { $0.labelHistogram != nil }
    let hasAlone = alone.count == partition.parties.count
    // Where everybody took part in every round there is nothing to tell.
    let hasRounds = partition.parties.indices.contains { work[$0]?.rounds != record.rounds.count }
    var columns = [(title: "Party", isNumber: false), (title: "Samples", isNumber: true)]
    if hasLabels { columns.append(("Labels", true)) }
    if !work.isEmpty {
      if hasRounds { columns.append(("Rounds", true)) }
      columns += [("Steps", true), ("Training loss", true), ("Work", true)]
    }
    let hasGlobal = partition.parties.contains { $0.globalModel != nil }
    if hasGlobal { columns.append(("Global model", true)) }
    if hasAlone { columns.append(("Alone", true)) }
    let rows = partition.parties.enumerated().map { index, party in
      var cells = [party.name, Figures.count(party.samples)]
      if hasLabels { cells.append(party.labelHistogram.map { String($0.count { $0 > 0 }) } ?? "–") }
      if !work.isEmpty {
        let work = work[index] ?? Work()
        if hasRounds { cells.append(Figures.count(work.rounds)) }
        cells += [
          Figures.count(work.steps), work.trainLoss.map { Figures.loss($0) } ?? "–", Figures.seconds(work.seconds),
        ]
      }
      if hasGlobal { cells.append(Self.score(party.globalModel?.accuracy, party.globalModel?.loss)) }
      if hasAlone { cells.append(Self.score(alone[index].accuracy, alone[index].loss)) }
      return cells
    }
    table("What each party holds and did", columns, rows: rows, into: &markup)
  }

  private static func score(_ accuracy: Double?, _ loss: Double?) -> String {
    accuracy.map { Figures.percent($0, digits: 1) } ?? loss.map { Figures.loss($0) } ?? "–"
  }
}

// More parties than can be listed.
extension Report {
  private func sampleDistribution(_ partition: RunRecord.Partition, into markup: inout Markup) {
    let sizes = partition.parties.map(\.samples)
    let bins = Self.binned(sizes, into: 24)
    let chart = BarChart(
      id: "samples-chart", title: "Parties by the number of samples they hold", xTitle: "samples a party",
      categories: bins.map(\.name), y: ChartAxis("parties", unit: .count),
      series: [.init("parties", bins.map { Double($0.count) })])
    let mean = Double(sizes.reduce(0, +)) / Double(max(1, sizes.count))
    figure("Samples a party holds", "\(Figures.fixed(mean, digits: 1)) on average", into: &markup, svg: chart.svg())
  }

  private func labelDistribution(_ partition: RunRecord.Partition, into markup: inout Markup) {
    let held = partition.parties.compactMap { $0.labelHistogram?.count { $0 > 0 } }
    guard !held.isEmpty else { return }
    let bins = Self.binned(held, into: 24)
    let chart = BarChart(
      id: "labels-chart", title: "Parties by the number of labels they hold", xTitle: "labels a party",
      categories: bins.map(\.name), y: ChartAxis("parties", unit: .count),
      series: [.init("parties", bins.map { Double($0.count) })])
    let mean = Double(held.reduce(0, +)) / Double(held.count)
    figure(
      "Labels a party holds", "\(Figures.fixed(mean, digits: 1)) of \(classNames(partition).count) on average",
      into: &markup, svg: chart.svg())
  }

  private func classTotals(_ partition: RunRecord.Partition, into markup: inout Markup) {
    let names = classNames(partition).prefix(Self.maximumDrawnClasses)
    guard !names.isEmpty else { return }
    var totals = [Double](repeating: 0, count: names.count)
    for party in partition.parties {
      for (label, count) in (party.labelHistogram ?? []).prefix(names.count).enumerated() {
        totals[label] += Double(count)
      }
    }
    let chart = BarChart(
      id: "classes-chart", title: "Samples of each label at all parties together", xTitle: "label",
      categories: Array(names), y: ChartAxis("samples", unit: .count), series: [.init("samples", totals)])
    figure("Labels of all parties", nil, into: &markup, svg: chart.svg())
  }

  private func quantiles(_ partition: RunRecord.Partition, into markup: inout Markup) {
    let columns = [
      ("", false), ("Least", true), ("Quarter", true), ("Median", true), ("3 quarters", true), ("Most", true),
    ]
    func row(_ name: String, _ values: [Double], _ text: (Double) -> String) -> [String]? {
      let sorted = values.filter(\.isFinite).sorted()
      guard !sorted.isEmpty else { return nil }
      return [name] + [0, 0.25, 0.5, 0.75, 1].map { text(sorted[Int((Double(sorted.count - 1) * $0).rounded())]) }
    }
    func whole(_ value: Double) -> String { Figures.count(Int(value)) }
    let work = work
    let rows = [
      row("Samples", partition.parties.map { Double($0.samples) }, whole),
      row("Labels", partition.parties.compactMap { $0.labelHistogram.map { Double($0.count { $0 > 0 }) } }, whole),
      row("Rounds", work.isEmpty ? [] : partition.parties.indices.map { Double(work[$0]?.rounds ?? 0) }, whole),
      row("Training loss", work.values.compactMap(\.trainLoss)) { Figures.loss($0) },
      row("Accuracy alone", (record.baselines?.alone ?? []).compactMap(\.accuracy)) { Figures.percent($0, digits: 1) },
    ]
    table("How the parties are spread", columns, rows: rows.compactMap(\.self), into: &markup)
  }

  /// How many of the values lie in each of at most so many ranges of whole numbers, all of one width.
  static func binned(_ values: [Int], into most: Int) -> [(name: String, count: Int)] {
    guard let low = values.min(), let high = values.max() else { return [] }
    let (span, overflow) = high.subtractingReportingOverflow(low)
    guard !overflow, span < Int.max - most else { return [] }
    let width = max(1, (span + most) / most)
    var counts = [Int](repeating: 0, count: span / width + 1)
    for value in values { counts[(value - low) / width] += 1 }
    return counts.enumerated().map { index, count in
      let first = low + index * width
      return (width == 1 ? Figures.count(first) : "\(Figures.count(first))–\(Figures.count(first + width - 1))", count)
    }
  }
}
