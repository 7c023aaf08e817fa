/// A comparison on one page: what each variant reached and how fast, the curves, every run, the settings.
struct ComparisonPage {
  let record: ComparisonRecord
  let statistics: ComparisonTable
  let charts: [ComparisonChart]
  let chartsByGroup: [[ComparisonChart]]

  init(_ record: ComparisonRecord) {
    self.record = record
    statistics = ComparisonTable(record)
    chartsByGroup = Self.charts(of: record, statistics)
    charts = Array(chartsByGroup.joined())
  }

  /// The page. All text of the record is escaped.
  func html() -> String { document() }

  private static func charts(of record: ComparisonRecord, _ statistics: ComparisonTable) -> [[ComparisonChart]] {
    let colours = colours(of: record)
    let accuracies = record.variants.flatMap { $0.runs.flatMap { $0.rounds.compactMap(\.accuracy) } }
    let range = [accuracies.min(), accuracies.max()].compactMap(\.self)
    let main: ComparisonChart.Measure = statistics.hasAccuracy ? .accuracy : .loss
    return zip(record.groups, suffixes(of: record)).map { group, suffix in
      var pictures: [(ComparisonChart.Measure, ComparisonChart.Axis)] = ComparisonChart.Axis.allCases.map { (main, $0) }
      if statistics.hasAccuracy { pictures.append((.loss, .round)) }
      return pictures.map { measure, axis in
        ComparisonChart(
          measure, by: axis, of: group.variants, target: record.targetAccuracy, suffix: suffix, colours: colours,
          including: measure == .accuracy ? range : [0])
      }
    }
  }

  /// A variant has one colour in all groups.
  private static func colours(of record: ComparisonRecord) -> [String: Int] {
    record.variants.reduce(into: [:]) { colours, variant in
      if colours[variant.name] == nil { colours[variant.name] = colours.count }
    }
  }

  private static func suffixes(of record: ComparisonRecord) -> [String] {
    guard record.groups.count > 1 else { return [""] }
    var taken: Set<String> = []
    return record.groups.enumerated().map { index, group in
      let suffix = "-\(group.name.map { Comparison.slug($0) } ?? "others")"
      return taken.insert(suffix).inserted ? suffix : "\(suffix)-\(index + 1)"
    }
  }

  // MARK: Words that the page and the Markdown share

  /// What was compared, and what the figures are.
  var lede: String {
    let runs = record.seeds.count == 1 ? "one seed" : "\(record.seeds.count) seeds"
    var text =
      "\(Self.counted(record.variants.count, "variant", "variants")) with \(runs) each, over the same "
      + "\(Self.counted(record.parties, "party", "parties"))."
    if others.isEmpty {
      text += " For one seed every variant has the same samples at the same parties, and the same test set."
    }
    if record.seeds.count > 1 { text += " Figures are means over the seeds, with the lowest and the highest." }
    return text
  }

  /// Variants whose parties train on other samples than those of the first.
  private var others: [ComparisonRecord.Variant] { record.variants.filter { !$0.hasSameParties } }

  /// What a reader has to know beside the figures.
  var notices: [String] {
    var notices: [String] = []
    let progress = record.progress
    if progress.done < progress.of {
      notices.append("Only \(progress.done) of \(progress.of) runs are done.")
    }
    if !record.diverged.isEmpty {
      notices.append(
        "\(record.diverged.count) of \(progress.done) runs diverged: \(record.diverged.joined(separator: "; ")). Their "
          + "figures at the end are left out, and the line of a variant ends where the first of its seeds diverged.")
    }
    if let first = record.variants.first, !others.isEmpty {
      let words = others.map { "\($0.title) on \(Figures.count($0.trainingSamples))" }.joined(separator: ", ")
      notices.append(
        "The data is dealt out alike, but not all variants train on the same samples: \(first.title) on "
          + "\(Figures.count(first.trainingSamples)), \(words).")
    }
    return notices
  }

  /// How to read the curves.
  var reading: String {
    var text =
      record.seeds.count > 1 ? "Lines are means over the seeds, bands reach from the lowest seed to the highest. " : ""
    if record.targetAccuracy != nil {
      text += "A run stops at the target, and counts with its last value from then on. "
    }
    return text + "Bytes are those sent in both directions, seconds those of the clients’ work and the aggregation."
  }

  /// The settings in which variants differ, a row a variant.
  var differences: (columns: [String], rows: [[String]]) {
    var names: [String] = []
    for variant in record.variants {
      for name in Self.flattened(variant.settings, below: "").map(\.name) where !names.contains(name) {
        names.append(name)
      }
    }
    let rows = record.variants.map { variant in
      let values = Self.flattened(variant.settings, below: "")
      return [variant.title] + names.map { name in values.first { $0.name == name }?.value ?? "–" }
    }
    return (["Variant"] + names, rows)
  }

  /// How a run ended, in few words.
  static func ending(of run: ComparisonRecord.Run) -> String {
    if let round = run.divergedRound { return "diverged in round \(round)" }
    switch run.stop?.reason {
    case .rounds: return "all rounds"
    case .targetAccuracy: return "target reached"
    case .patience: return "no improvement"
    default: return run.stop?.message ?? "–"
    }
  }
}

extension ComparisonPage: Page {
  var title: String { record.name }
  var fluxionVersion: String { record.environment.fluxionVersion }

  func masthead(into markup: inout Markup) {
    markup.element("p", ["class": "eyebrow"], text: "Fluxion · comparison")
    markup.element("h1", text: record.name)
    markup.element("p", ["class": "lede"], text: lede)
    for notice in notices { markup.element("p", ["class": "notice", "role": "note"], text: notice) }
  }

  func content(into main: inout Markup) {
    let progress = record.progress
    figures(
      [
        Fact("Variants", Figures.count(record.variants.count)),
        Fact(
          "Seeds", Figures.count(record.seeds.count),
          note: record.seeds.prefix(8).map(String.init).joined(separator: ", ")),
        Fact("Runs", progress.done == progress.of ? "\(progress.of)" : "\(progress.done) of \(progress.of)"),
        Fact("Parties", Figures.count(record.parties)), Fact("Target accuracy", statistics.target),
      ], into: &main)
    for (index, group) in record.groups.enumerated() {
      results(of: group, chartsByGroup[index], number: index + 1, into: &main)
    }
    runs(into: &main)
    configuration(into: &main)
    reproduction(into: &main)
  }

  private func results(
    of group: (name: String?, variants: [ComparisonRecord.Variant]), _ charts: [ComparisonChart], number: Int,
    into markup: inout Markup
  ) {
    let heading = group.name ?? (record.groups.count > 1 ? "Others" : "Results")
    section("results-\(number)", heading, into: &markup) { section in
      table(
        "\(heading): what each variant reached", statistics.columns, rows: statistics.rows(of: group.variants),
        into: &section)
      guard charts.contains(where: \.hasData) else { return }
      if let first = charts.first { key(of: first.chart, into: &section) }
      section.element("div", ["class": "grid"]) { grid in
        for chart in charts { figure(chart.heading, nil, into: &grid, svg: chart.svg(standalone: false)) }
      }
      if number == 1 { section.element("p", ["class": "about after"], text: reading) }
    }
  }

  /// The variants' colours.
  private func key(of chart: LineChart, into markup: inout Markup) {
    markup.element("p", ["class": "key"]) { key in
      for series in chart.series {
        let colour = "var(--series-\(ChartStyle.number(ofSeries: series.colour ?? 0)))"
        key.element("span") { entry in
          entry.element("i", ["style": "background:\(colour)\(series.isDashed ? ";opacity:.55" : "")"], text: "")
          entry.add(text: series.name)
        }
      }
    }
  }

  private func runs(into markup: inout Markup) {
    guard record.progress.done > 0 else { return }
    let rows = record.variants.flatMap { variant in
      variant.runs.map { run in
        [
          variant.title, String(run.seed), String(run.rounds.last?.round ?? 0),
          run.last?.accuracy.map { Figures.percent($0) } ?? "–", run.last?.loss.map { Figures.loss($0) } ?? "–",
          Figures.bytes(run.rounds.last?.bytes ?? 0), Figures.seconds(run.rounds.last?.seconds ?? 0),
          Self.ending(of: run), String(run.modelSHA256?.prefix(12) ?? "–"), run.directory,
        ]
      }
    }
    section("runs", "Every run", into: &markup) { section in
      section.element("details") { details in
        details.element("summary", text: "\(Self.counted(rows.count, "run", "runs")), each with a report of its own")
        table(
          "Every run",
          [
            ("Variant", false), ("Seed", true), ("Rounds", true), ("Accuracy", true), ("Loss", true), ("Traffic", true),
            ("Time", true), ("End", false), ("Model SHA-256", false), ("Directory", false),
          ], rows: rows, into: &details)
      }
    }
  }

  private func configuration(into markup: inout Markup) {
    section("configuration", "Configuration", into: &markup) { section in
      let differences = differences
      if differences.columns.count > 1 {
        section.element("p", ["class": "about"], text: "What differs:")
        table(
          "What differs between the variants", differences.columns.map { ($0, false) }, rows: differences.rows,
          into: &section)
        section.element("p", ["class": "about after"], text: "What all variants share:")
      }
      settings(record.settings, into: &section)
    }
  }

  private func reproduction(into markup: inout Markup) {
    section("reproduction", "The same comparison again", into: &markup) { section in
      if let command = record.command { self.command(command, into: &section) }
      section.element(
        "p", ["class": "about"],
        text: "The same seeds give the same models, bit for bit, with any number of threads on one instruction set.")
      facts(
        [
          Fact("Fluxion", record.environment.fluxionVersion), Fact("Swift", record.environment.swiftVersion),
          Fact("Platform", record.environment.platform),
        ], into: &section)
    }
  }
}
