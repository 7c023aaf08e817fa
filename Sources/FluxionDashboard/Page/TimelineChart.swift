import FluxionExperiment

/// Who did what in the latest rounds: a row a party, a column a round. A place is told by its shape as well as by its
/// colour: a filled square for an update that counts, a cross for a refused one, a ring for one that did not come.
struct TimelineChart {
  var id: String
  var names: [String]
  /// Ascending.
  var turns: [FederationStatus.Turns]

  private static let pitch = 18.0

  func svg() -> String {
    let columns = Double(FederationStatus.maximumTurns)
    let nameWidth = 7.4 * Double(min(18, names.map(\.count).max() ?? 0)) + 14
    let canvas = ChartCanvas(
      width: nameWidth + columns * Self.pitch + 2, height: 24 + Self.pitch * Double(names.count) + 4, left: nameWidth,
      right: 2, top: 24, bottom: 4)
    return canvas.svg(
      id: id, title: "What became of each party’s update, round by round", description: description, standalone: false
    ) { svg in
      for (column, turn) in turns.enumerated() where turn.round % 5 == 0 || turns.count == 1 {
        canvas.label(String(turn.round), x: x(column, canvas), y: 13, class: "middle", into: &svg)
      }
      for (party, name) in names.enumerated() {
        let y = canvas.top + Self.pitch * (Double(party) + 0.5)
        let short: String = name.count > 18 ? name.prefix(17) + "…" : name
        canvas.label(short, x: canvas.left - 10, y: y + 4, class: "end", into: &svg)
        for (column, turn) in turns.enumerated() where party < turn.outcomes.count {
          mark(turn.outcomes[party], "\(name), round \(turn.round)", x(column, canvas), y, into: &svg)
        }
      }
    }
  }

  private func x(_ column: Int, _ canvas: ChartCanvas) -> Double { canvas.left + Self.pitch * (Double(column) + 0.5) }

  private func mark(
    _ outcome: FederationStatus.Turns.Outcome?, _ what: String, _ x: Double, _ y: Double, into svg: inout Markup
  ) {
    func rectangle(_ inset: Double, class name: String) -> KeyValuePairs<String, String?> {
      let side = Self.pitch - 2 * inset
      return [
        "class": name, "x": Markup.coordinate(x - side / 2), "y": Markup.coordinate(y - side / 2),
        "width": Markup.coordinate(side), "height": Markup.coordinate(side), "rx": "3",
      ]
    }
    switch outcome {
    case nil:
      svg.empty("circle", ["class": "turn-none", "cx": Markup.coordinate(x), "cy": Markup.coordinate(y), "r": "1.5"])
    case .accepted: svg.element("rect", rectangle(2.5, class: "turn-accepted")) { $0.element("title", text: what) }
    case .missed:
      svg.element("rect", rectangle(3.5, class: "turn-missed")) { $0.element("title", text: "\(what): did not come") }
    case .refused:
      let (a, b, c, d) = (x - 4.5, y - 4.5, x + 4.5, y + 4.5)
      let path = [("M", a, b), ("L", c, d), ("M", c, b), ("L", a, d)].map {
        "\($0.0)\(Markup.coordinate($0.1)) \(Markup.coordinate($0.2))"
      }
      svg.element("g") { group in
        group.element("title", text: "\(what): refused")
        group.empty("rect", rectangle(2.5, class: "turn-refused"))
        group.empty("path", ["class": "turn-cross", "d": path.joined()])
      }
    }
  }

  private var description: String {
    guard let first = turns.first, let last = turns.last else { return "No data." }
    let rows = names.indices.compactMap { party -> String? in
      let outcomes = turns.compactMap { party < $0.outcomes.count ? $0.outcomes[party] : nil }
      let refused = outcomes.count { $0 == .refused }
      let missed = outcomes.count { $0 == .missed }
      guard refused + missed > 0 else { return nil }
      return "\(names[party]): \(refused) refused, \(missed) did not come"
    }
    return "Rounds \(first.round) to \(last.round). "
      + (rows.isEmpty ? "Every update that was asked for counts." : rows.joined(separator: "; ") + ".")
  }
}

extension StatusPage {
  func timeline(into markup: inout Markup) {
    guard !status.turns.isEmpty else { return }
    section("timeline", "Who took part", into: &markup) { section in
      section.element("p", ["class": "key"]) { key in
        for (mark, text) in [("accepted", "counts"), ("refused", "refused"), ("missed", "did not come")] {
          key.element("span") { entry in
            entry.element("i", ["class": "turn-mark \(mark)", "aria-hidden": "true"], text: "")
            entry.add(text: text)
          }
        }
      }
      section.element(
        "div",
        [
          "class": "card scroll", "id": "timeline-scroll", "tabindex": "0", "role": "region",
          "aria-label": "Who took part in the latest rounds",
        ]
      ) { card in
        card.element("div", ["class": "timeline"]) { holder in
          holder.add(
            markup: TimelineChart(id: "timeline-chart", names: status.parties.map(\.name), turns: status.turns).svg())
        }
      }
    }
  }
}
