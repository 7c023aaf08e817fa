import FluxionExperiment
import Foundation

extension StatusPage {
  /// More parties than this are not listed; those about whom there is something to know come first.
  static let maximumListedParties = 100

  func parties(into markup: inout Markup) {
    section("parties", "Parties", into: &markup) { section in
      section.element("p", ["class": "key"]) { key in
        for health in FederationStatus.Party.Health.allCases {
          let count = status.parties.count { $0.health == health }
          if count > 0 {
            key.element("span") { entry in
              entry.element("i", ["class": "mark-of \(health.rawValue)", "aria-hidden": "true"], text: "")
              entry.add(text: "\(Figures.count(count)) \(health.word)")
            }
          }
        }
      }
      section.element("div", ["class": "card flush"]) { card in
        card.element(
          "div",
          ["class": "scroll", "id": "parties-scroll", "tabindex": "0", "role": "region", "aria-label": "The parties"]
        ) { scroll in
          scroll.element("table", ["class": "parties"]) { partyTable(into: &$0) }
        }
      }
      if listedParties.count < status.parties.count {
        section.element(
          "p", ["class": "about after"],
          text: "\(listedParties.count) of \(Figures.count(status.parties.count)) parties, those about whom there is "
            + "something to know first; /api/status has all.")
      }
    }
  }

  private var listedParties: [FederationStatus.Party] { status.parties(atMost: Self.maximumListedParties) }

  private func partyTable(into table: inout Markup) {
    table.element("caption", ["class": "unseen"], text: "How each party is, what it sent and what was refused")
    table.element("thead") { head in
      head.element("tr") { row in
        for (title, isNumber) in [
          ("Party", false), ("State", false), ("Samples", true), ("Rounds", true), ("Last update", true),
          ("Sent", true),
          ("Received", true), ("Refused", true),
        ] {
          row.element("th", ["scope": "col", "class": isNumber ? "number" : nil], text: title)
        }
      }
    }
    table.element("tbody") { body in
      for party in listedParties {
        body.element("tr", ["class": party.health.rawValue]) { self.row(party, into: &$0) }
      }
    }
  }

  private func row(_ party: FederationStatus.Party, into row: inout Markup) {
    func number(_ title: String, _ text: String) {
      row.element("td", ["class": "number", "data-title": title], text: text)
    }
    row.element("th", ["scope": "row"], text: party.name)
    row.element("td") { cell in
      cell.element("span", ["class": "health"]) { health in
        health.element("i", ["class": "mark-of \(party.health.rawValue)", "aria-hidden": "true"], text: "")
        health.add(text: party.health.word)
      }
      if let why = party.quarantine ?? (party.health == .refused ? party.lastRefusal?.reason : nil) {
        cell.element("span", ["class": "note"], text: why)
      }
    }
    number("Samples", party.samples.map { Figures.count($0) } ?? "–")
    number("Rounds", Figures.count(party.rounds))
    row.element("td", ["class": "number", "data-title": "Last update"]) { cell in
      cell.add(text: party.lastRound.map { "round \($0)" } ?? "–")
      if let seen = party.lastSeen {
        cell.element("span", ["class": "note"]) { note in
          note.add(text: "seen ")
          note.time(seen)
        }
      }
    }
    number("Sent", Figures.bytes(party.bytesUp))
    number("Received", Figures.bytes(party.bytesDown))
    row.element("td", ["class": "number", "data-title": "Refused"]) { cell in
      cell.add(text: Figures.count(party.refusalCount))
      if party.refusals.count > 0 {
        let kinds = party.refusals.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        cell.element("span", ["class": "note"], text: kinds.joined(separator: ", "))
      }
    }
  }

  /// What was refused lately, the last on top.
  func refusals(into markup: inout Markup) {
    guard !status.refusals.isEmpty else { return }
    section("refusals", "Refused updates", into: &markup) { section in
      section.element(
        "p", ["class": "about"], text: "What was turned away, and why. The rounds went on with the others.")
      section.element("ol", ["class": "refusals"]) { list in
        for refusal in status.refusals.suffix(12).reversed() {
          list.element("li") { item in
            item.element("strong", text: status.name(of: refusal.party))
            item.element("span", ["class": "reason"], text: refusal.reason)
            item.element("span", ["class": "note"]) { note in
              note.add(text: refusal.round > 0 ? "round \(refusal.round) · \(refusal.kind) · " : "\(refusal.kind) · ")
              note.time(refusal.date)
            }
          }
        }
      }
    }
  }

  func model(into markup: inout Markup) {
    section("model", "The model", into: &markup) { section in
      guard let model = status.model else {
        section.element("p", ["class": "about"], text: "It can be downloaded from the first round on.")
        return
      }
      section.element("div", ["class": "download"]) { download in
        download.element(
          "a", ["class": "button", "href": Route.model.path, "download": "model.safetensors"],
          text: "Download model.safetensors")
        download.element("p", ["class": "note"]) { note in
          note.add(
            text: "After \(model.round == 1 ? "1 round" : "\(Figures.count(model.round)) rounds"), "
              + "\(Figures.count(model.parameters)) parameters"
              + (modelByteCount.map { ", \(Figures.bytes($0))" } ?? "") + ".")
          if let modelSHA256 {
            note.add(text: " SHA-256 of the parameters: ")
            note.element("code", text: modelSHA256)
          }
        }
      }
    }
  }
}
