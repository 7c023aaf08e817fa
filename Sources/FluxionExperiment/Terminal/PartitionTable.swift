/// How a partition looks, in the terminal: the samples of each party, and its labels as a row of blocks.
///
/// ```
/// party     samples  0 1 2 3 4 5 6 7 8 9
/// party 0       143  █ ▂ · · · · ▁ · · ·
/// ```
package struct PartitionTable: Sendable {
  package let partition: RunRecord.Partition

  /// With more parties than this, the first ones are listed and all of them summed up.
  static let maximumRows = 40

  package init(_ partition: RunRecord.Partition) { self.partition = partition }

  /// The lines, each ended. A block is as high as the label's count beside the largest count of the table; a point is
  /// no sample.
  package func text(style: TerminalStyle, maximumWidth: Int = 60) -> String {
    let parties = partition.parties.prefix(Self.maximumRows)
    let width = min(maximumWidth, style.width)
    let names = parties.map { TerminalText.cut(TerminalText.printable($0.name), to: 18) }
    let nameWidth = max(5, names.map(TerminalText.width).max() ?? 0)
    let samples = parties.map { Figures.count($0.samples) }
    let sampleWidth = max(7, samples.map(\.count).max() ?? 0)
    let room = width - nameWidth - sampleWidth - 4
    let classes = partition.parties.lazy.compactMap { $0.labelHistogram?.count }.max() ?? 0
    let isSpaced = 2 * classes - 1 <= room
    let shown = max(0, min(classes, room))
    let largest = max(1, partition.parties.lazy.compactMap { $0.labelHistogram?.max() }.max() ?? 1)

    func line(_ name: String, _ samples: String, _ labels: String) -> String {
      let left = name + String(repeating: " ", count: max(0, nameWidth - TerminalText.width(name)))
      let middle = String(repeating: " ", count: max(0, sampleWidth - samples.count)) + samples
      return labels.isEmpty ? "\(left)  \(middle)" : "\(left)  \(middle)  \(labels)"
    }
    func blocks(_ counts: [Int]) -> String {
      counts.prefix(shown).map { count in
        count > 0 ? TerminalText.block(Double(count) / Double(largest)) : "·"
      }.joined(separator: isSpaced ? " " : "")
    }

    var lines = [style.paint(line("party", "samples", heading(shown, of: classes, isSpaced: isSpaced)), .faint)]
    for (index, party) in parties.enumerated() {
      lines.append(line(names[index], samples[index], blocks(party.labelHistogram ?? [])))
    }
    if partition.parties.count > parties.count {
      lines.append(style.paint("… and \(Figures.count(partition.parties.count - parties.count)) more", .faint))
    }
    lines.append(contentsOf: summary)
    return lines.map { $0 + "\n" }.joined()
  }

  /// The classes' names where each is one column wide, else their range.
  private func heading(_ shown: Int, of classes: Int, isSpaced: Bool) -> String {
    guard shown > 0 else { return "" }
    let names = partition.classNames ?? (0..<classes).map(String.init)
    if isSpaced, names.count >= classes, names.allSatisfy({ TerminalText.width($0) == 1 }) {
      return names.prefix(classes).joined(separator: " ")
    }
    return shown < classes ? "first \(shown) of \(classes) labels" : "\(classes) labels"
  }

  private var summary: [String] {
    let sizes = partition.parties.map(\.samples).sorted()
    guard let least = sizes.first, let most = sizes.last else { return ["no parties"] }
    let total = Figures.count(sizes.reduce(0, +))
    let parties = sizes.count == 1 ? "1 party" : "\(Figures.count(sizes.count)) parties"
    var lines = ["\(parties), \(total) samples"]
    if sizes.count > 1 {
      lines.append(
        "a party: least \(Figures.count(least)), median \(Figures.count(sizes[sizes.count / 2])), "
          + "most \(Figures.count(most))")
    }
    let held = partition.parties.compactMap { $0.labelHistogram?.count { $0 > 0 } }
    if !held.isEmpty, let classes = partition.parties.lazy.compactMap({ $0.labelHistogram?.count }).max() {
      let mean = Double(held.reduce(0, +)) / Double(held.count)
      lines.append("labels a party: \(Figures.fixed(mean, digits: 1)) of \(classes) on average")
    }
    return lines
  }
}
