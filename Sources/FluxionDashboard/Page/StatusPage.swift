import FluxionExperiment
import Foundation

/// A run on one page, as it stands: the script of the page asks for it again when something changes, and puts in place
/// the parts that differ.
struct StatusPage: Page {
  let status: FederationStatus
  /// The digest of the model that can be downloaded.
  var modelSHA256: String?
  var modelByteCount: Int?

  init(_ status: FederationStatus, modelSHA256: String? = nil, modelByteCount: Int? = nil) {
    self.status = status
    self.modelSHA256 = modelSHA256
    self.modelByteCount = modelByteCount
  }

  var title: String { "\(status.headline) · \(status.run.name)" }
  var fluxionVersion: String { RunRecord.Environment.fluxionVersion }
  var colophon: String { "Served by Fluxion \(fluxionVersion). Parties exchange parameters, never data." }

  func head(into head: inout Markup) { head.dashboardLinks(script: Route.script) }

  func masthead(into header: inout Markup) {
    header.element("div", ["class": "topline"]) { line in
      line.element("p", ["class": "eyebrow"], text: "Fluxion · \(status.run.name)")
      line.element("p", ["class": "link", "id": "link", "hidden": ""], text: "")
    }
    part("state", into: &header) { part in
      part.element("h1", text: status.headline)
      part.element("p", ["class": "lede", "id": "sentence"], text: status.sentence)
      part.element(
        "progress",
        [
          "class": "progress", "max": String(max(1, status.run.rounds)),
          "value": String(min(status.run.rounds, status.rounds.last?.round ?? 0)), "aria-label": "rounds done",
        ], text: "")
      if let deadline = status.state.deadline {
        part.element("p", ["class": "note"]) { note in
          note.add(text: "The round ends without them at ")
          note.time(deadline)
          note.add(text: ".")
        }
      }
    }
    // Its text is what screen readers say: the script fills it, and not too often.
    header.element("p", ["class": "unseen", "id": "announcement", "role": "status", "aria-live": "polite"], text: "")
    header.element("noscript") { $0.element("p", ["class": "notice"], text: "Without scripts this page stands still.") }
  }

  func content(into main: inout Markup) {
    part("figures", into: &main) { keyFigures(into: &$0) }
    part("curves", into: &main) { curves(into: &$0) }
    part("parties", into: &main) { parties(into: &$0) }
    part("timeline", into: &main) { timeline(into: &$0) }
    part("refusals", into: &main) { refusals(into: &$0) }
    part("gradients", into: &main) { gradients(into: &$0) }
    part("model", into: &main) { model(into: &$0) }
    part("rounds", into: &main) { listRounds(into: &$0) }
  }

  /// Something that the script replaces as a whole when it differs.
  private func part(_ name: String, into markup: inout Markup, _ body: (inout Markup) -> Void) {
    markup.element("div", ["data-part": name], body)
  }

  private func keyFigures(into markup: inout Markup) {
    var figures: [Fact] = []
    if let accuracy = status.latest(\.accuracy) {
      let best = status.rounds.compactMap(\.accuracy).max() ?? accuracy
      figures.append(
        Fact("Test accuracy", Figures.percent(accuracy), note: best > accuracy ? "best \(Figures.percent(best))" : nil))
    }
    if let loss = status.latest(\.loss) {
      figures.append(Fact("Test loss", Figures.loss(loss)))
    } else {
      figures.append(Fact("Training loss", status.latest(\.trainLoss).map { Figures.loss($0) } ?? "–"))
    }
    let done = status.rounds.last?.round ?? 0
    figures.append(
      Fact("Rounds done", Figures.count(done), note: "of \(Figures.count(status.run.rounds))"))
    let connected = status.parties.count(where: \.isConnected)
    figures.append(
      Fact("Parties connected", Figures.count(connected), note: "of \(Figures.count(status.parties.count))"))
    let seconds = status.rounds.suffix(20).map(\.seconds)
    if !seconds.isEmpty {
      let left = max(0, status.run.rounds - done)
      let mean = seconds.reduce(0, +) / Double(seconds.count)
      figures.append(
        Fact(
          "Time a round", Figures.seconds(mean),
          note: left > 0 && !status.state.isOver ? "\(Figures.seconds(mean * Double(left))) to go" : nil))
    }
    let (up, down) = (status.totals.bytesUp, status.totals.bytesDown)
    figures.append(
      Fact("Traffic", Figures.bytes(up + down), note: "↑ \(Figures.bytes(up))  ↓ \(Figures.bytes(down))"))
    self.figures(figures, into: &markup)
  }
}

extension Markup {
  /// An instant. The script says how long ago it was; without it, the time of day in UTC.
  mutating func time(_ date: Date) {
    let text = date.formatted(Date.ISO8601FormatStyle(timeZone: .gmt).time(includingFractionalSeconds: false))
    element("time", ["datetime": date.formatted(.iso8601)], text: "\(text.prefix(8)) UTC")
  }
}
