/// The statistics of variants as a table: on the page, in `comparison.md` and in the terminal. What comes after a line
/// break in a cell is a note to it.
struct ComparisonTable {
  let record: ComparisonRecord

  init(_ record: ComparisonRecord) { self.record = record }

  var hasAccuracy: Bool {
    record.variants.contains { $0.runs.contains { $0.rounds.contains { $0.accuracy != nil } } }
  }

  /// The target as the headings have it: 0.9 ↦ "90%", 0.975 ↦ "97.5%".
  var target: String? {
    record.targetAccuracy.map { target in
      let text = Figures.fixed(100 * target, digits: 2)
      return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()) + "%"
    }
  }

  var columns: [(title: String, isNumber: Bool)] {
    var columns = [(title: "Variant", isNumber: false)]
    if let target {
      columns += [("Rounds to \(target)", true), ("Traffic to \(target)", true), ("Time to \(target)", true)]
    }
    if hasAccuracy { columns.append(("Accuracy at the end", true)) }
    return columns + [("Loss at the end", true), ("Time a round", true)]
  }

  /// A row a variant; the first is what the others' rounds are measured against.
  func rows(of variants: [ComparisonRecord.Variant]) -> [[String]] {
    let first = variants.first.map { (name: $0.name, statistics: record.statistics(of: $0)) }
    return variants.map { variant in
      let statistics = record.statistics(of: variant)
      var row = [name(of: variant)]
      if record.targetAccuracy != nil {
        row += [
          rounds(statistics, beside: first?.name == variant.name ? nil : first),
          toTarget(statistics.bytesToTarget, orElse: "–") { Figures.bytes(Int($0)) },
          toTarget(statistics.secondsToTarget, orElse: "–") { Figures.seconds($0) },
        ]
      }
      let divergence = self.divergence(of: variant)
      var ends: [(Spread?, (Double) -> String)] = [(statistics.loss, { Figures.loss($0) })]
      if hasAccuracy { ends.insert((statistics.accuracy, { Figures.percent($0) }), at: 0) }
      for (index, end) in ends.enumerated() {
        let notes = [Self.range(end.0, end.1), index == 0 ? divergence : nil].compactMap(\.self)
        let value = end.0.map { end.1($0.mean) } ?? (divergence != nil && index == 0 ? "diverged" : "–")
        row.append(([value] + (notes.isEmpty ? [] : [notes.joined(separator: ", ")])).joined(separator: "\n"))
      }
      return row + [statistics.secondsARound.map { Figures.seconds($0) } ?? "–"]
    }
  }

  private func name(of variant: ComparisonRecord.Variant) -> String {
    let done = variant.runs.count
    return done == record.seeds.count ? variant.name : "\(variant.name)\n\(done) of \(record.seeds.count) seeds done"
  }

  private func toTarget(_ spread: Spread?, orElse missing: String, _ text: (Double) -> String) -> String {
    guard let spread else { return missing }
    return ([text(spread.mean)] + [Self.range(spread, text)].compactMap(\.self)).joined(separator: "\n")
  }

  /// The rounds to the target, how many seeds arrive, and how they compare with those of the first variant.
  private func rounds(
    _ statistics: ComparisonRecord.Statistics, beside first: (name: String, statistics: ComparisonRecord.Statistics)?
  ) -> String {
    let missing = statistics.runs > 0 ? "not reached" : "–"
    var lines = toTarget(statistics.roundsToTarget, orElse: missing) { Self.number($0) }.split(separator: "\n").map(
      String.init)
    var notes = Array(lines.dropFirst())
    if statistics.reached < statistics.runs { notes.append("\(statistics.reached) of \(statistics.runs) reached") }
    if let first, let ratio = Self.ratio(statistics, first.statistics) { notes.append("\(ratio) × \(first.name)") }
    lines = [lines.first ?? missing] + (notes.isEmpty ? [] : [notes.joined(separator: ", ")])
    return lines.joined(separator: "\n")
  }

  /// Where a variant diverged: `1 of 3 diverged, in round 4`.
  func divergence(of variant: ComparisonRecord.Variant) -> String? {
    let rounds = variant.runs.compactMap(\.divergedRound).sorted()
    guard let first = rounds.first, let last = rounds.last else { return nil }
    let place = first == last ? "in round \(first)" : "in rounds \(first) to \(last)"
    return "\(rounds.count) of \(variant.runs.count) diverged \(place)"
  }

  /// The lowest to the highest value; nil where they are the same.
  private static func range(_ spread: Spread?, _ text: (Double) -> String) -> String? {
    guard let spread, spread.lowest < spread.highest else { return nil }
    return "\(text(spread.lowest))–\(text(spread.highest))"
  }

  /// The rounds that one variant needs by those that another does; nil where not all seeds of both arrive.
  private static func ratio(_ one: ComparisonRecord.Statistics, _ other: ComparisonRecord.Statistics) -> String? {
    guard let mine = one.roundsToTarget, let theirs = other.roundsToTarget, one.reached == one.runs,
      other.reached == other.runs, theirs.mean > 0
    else { return nil }
    return Figures.fixed(mine.mean / theirs.mean, digits: 2)
  }

  /// Whole numbers as they are, others with a digit after the point.
  static func number(_ value: Double) -> String {
    value == value.rounded() ? Figures.count(Int(value)) : Figures.fixed(value, digits: 1)
  }
}

extension ComparisonRecord {
  /// The statistics in the terminal: in how many rounds each variant reached the target, and where it ended.
  package func table(style: TerminalStyle) -> String {
    let table = ComparisonTable(self)
    var columns = [TextTable.Column.left("variant")]
    if let target = table.target { columns.append(.right("rounds to \(target)")) }
    if table.hasAccuracy { columns.append(.right("accuracy")) }
    var text = TextTable(columns + [.right("loss")])
    for (index, group) in groups.enumerated() {
      if index > 0 { text.addRule() }
      for variant in group.variants {
        let statistics = statistics(of: variant)
        var row = [variant.title]
        if table.target != nil {
          let rounds = statistics.roundsToTarget.map { ComparisonTable.number($0.mean) } ?? "–"
          let isPart = statistics.reached > 0 && statistics.reached < statistics.runs
          row.append(isPart ? "\(rounds) (\(statistics.reached) of \(statistics.runs))" : rounds)
        }
        let ending = variant.runs.contains(where: \.isDiverged) ? "diverged" : "–"
        if table.hasAccuracy { row.append(statistics.accuracy.map { Figures.percent($0.mean) } ?? ending) }
        row.append(statistics.loss.map { Figures.loss($0.mean) } ?? (table.hasAccuracy ? "–" : ending))
        text.add(row)
      }
    }
    return text.text(style: style, maximumWidth: 80)
  }
}
