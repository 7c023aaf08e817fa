extension Report {
  /// More parties than this are not drawn or listed one by one.
  static let maximumListedParties = 100

  /// Each party alone, the federation, and all data pooled.
  func comparison(into markup: inout Markup) {
    guard let baselines = record.baselines else { return }
    section("comparison", "Alone, together, pooled", into: &markup) { section in
      section.element(
        "p", ["class": "about"], text: "The same model on the same test set, by whose data it was trained on.")
      section.element("table", ["class": "comparison"]) { table in
        table.element("caption", ["class": "unseen"], text: "Accuracy and loss alone, in the federation and pooled")
        table.element("thead") { head in
          head.element("tr") { row in
            row.element("th", ["scope": "col"], text: "Trained on")
            row.element("th", ["scope": "col", "class": "number"], text: "Accuracy")
            row.element("th", ["scope": "col"], text: "")
            row.element("th", ["scope": "col", "class": "number"], text: "Loss")
          }
        }
        table.element("tbody") { body in
          aloneRow(baselines.alone, into: &body)
          row("Every party’s data, federated", nil, baselines.federation ?? final, class: "federation", into: &body)
          if let pooled = baselines.pooled {
            row("All data in one place", nil, pooled, class: "pooled", into: &body)
          }
        }
      }
      listAlone(baselines.alone, into: &section)
    }
  }

  private func aloneRow(_ alone: [RunRecord.Baselines.Alone], into markup: inout Markup) {
    guard !alone.isEmpty else { return }
    let accuracies = alone.compactMap(\.accuracy).filter(\.isFinite)
    var note = "mean of " + Self.counted(alone.count, "party", "parties")
    if let least = accuracies.min(), let most = accuracies.max(), accuracies.count > 1 {
      note += ", \(Figures.percent(least, digits: 1)) to \(Figures.percent(most, digits: 1))"
    }
    row(
      "One party’s data", note, meanAlone, marks: accuracies.count <= Self.maximumListedParties ? accuracies : [],
      class: "alone", into: &markup)
  }

  private func row(
    _ name: String, _ note: String?, _ value: RunRecord.Evaluation, marks: [Double] = [], class kind: String,
    into markup: inout Markup
  ) {
    func width(_ fraction: Double) -> String { Figures.fixed(100 * max(0, min(1, fraction)), digits: 2) + "%" }
    markup.element("tr", ["class": kind]) { row in
      row.element("th", ["scope": "row"]) { heading in
        heading.add(text: name)
        if let note { heading.element("span", ["class": "note"], text: note) }
      }
      row.element("td", ["class": "number"], text: value.accuracy.map { Figures.percent($0) } ?? "–")
      row.element("td", ["class": "drawn", "aria-hidden": "true"]) { cell in
        guard let accuracy = value.accuracy, accuracy.isFinite else { return }
        cell.element("span", ["class": "track"]) { track in
          track.element("span", ["class": "bar", "style": "width:\(width(accuracy))"], text: "")
          for mark in marks { track.element("span", ["class": "mark", "style": "left:\(width(mark))"], text: "") }
        }
      }
      row.element("td", ["class": "number"], text: value.loss.map { Figures.loss($0) } ?? "–")
    }
  }

  private func listAlone(_ alone: [RunRecord.Baselines.Alone], into markup: inout Markup) {
    guard alone.count > 1, alone.count <= Self.maximumListedParties else { return }
    let sorted = alone.enumerated().sorted {
      ($0.element.accuracy ?? 0, $1.offset) > ($1.element.accuracy ?? 0, $0.offset)
    }
    markup.element("details") { details in
      details.element("summary", text: "Each party alone")
      table(
        "Accuracy and loss of each party alone", [("Party", false), ("Accuracy", true), ("Loss", true)],
        rows: sorted.map { _, one in
          [one.party, one.accuracy.map { Figures.percent($0) } ?? "–", one.loss.map { Figures.loss($0) } ?? "–"]
        }, into: &details)
    }
  }
}
