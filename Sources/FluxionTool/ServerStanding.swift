import Fluxion
import FluxionCommand
import FluxionDashboard
import Foundation

/// How a server is, as far as its state folder and its page tell: what `fluxion status` says.
struct ServerStanding {
  /// As the user named it.
  var state: String
  var note: ServerFolder.Note
  var use: FolderUse
  /// What the page answers; nil if nobody runs, or it has no page.
  var status: FederationStatus?
  /// Why there is no answer from a server that runs.
  var silence: String?
  var last: LastRun?

  /// More parties than this are not listed.
  static let maximumListedParties = 100

  /// Looks at a folder, and asks the page if a server runs.
  static func of(_ folder: ServerState) async throws -> ServerStanding {
    let server = try ServerFolder(folder.url)
    let note = try server.note()
    var standing = ServerStanding(state: folder.state, note: note, use: FolderUse(of: folder.url))
    guard standing.isRunning else {
      standing.last = try LastRun(state: folder.url, output: note.outputDirectory)
      return standing
    }
    // Asked of a process that has the folder only: the token is for nobody else who may have got the port.
    guard let page = note.page.flatMap({ URL(string: $0) }) else {
      standing.silence = "it serves no page, which could tell more"
      standing.last = try? LastRun(state: folder.url, output: note.outputDirectory)
      return standing
    }
    do {
      let answer = try await PageClient(url: page, token: server.token()).get("api/status")
      standing.status = try FederationStatus.decoder.decode(FederationStatus.self, from: answer.body)
    } catch {
      standing.silence =
        (error as? FluxionError)?.message ?? "\(page.absoluteString) answers what this build cannot read"
      standing.last = try? LastRun(state: folder.url, output: note.outputDirectory)
    }
    return standing
  }

  var isRunning: Bool { use != .free }

  private var process: Int32? { if case .process(let process) = use { process } else { nil } }

  /// What to do so that the run goes on; nil if it does, or is over.
  private var goOn: String? {
    isRunning || last?.isFinished == true ? nil : "fluxion resume --state \(ShellText.line([state]))"
  }
}

// In words.
extension ServerStanding {
  func text(_ style: TerminalStyle, now: Date = Date()) -> String {
    let whose = process.map { "process \($0)" } ?? "a process that the system does not name"
    guard isRunning else {
      var lines = ["no server runs from \(state)"]
      if let last { lines.append(last.sentence) }
      if let end = last?.end { lines.append("it ended: \(end)") }
      if let goOn { lines.append("to go on: \(goOn)") }
      return Self.text(lines)
    }
    let place = "serving at \(note.address), \(whose)" + (note.page.map { "; page: \($0)" } ?? "")
    guard let status else {
      return Self.text([place, silence, last?.sentence].compactMap { $0 })
    }
    let headline = TerminalText.printable("\(status.run.name): \(status.headline)")
    var lines: [String] = []
    if !status.sentence.isEmpty { lines.append(status.sentence) }
    if let figures = Self.figures(status) { lines.append(figures) }
    lines.append(place)
    return style.paint(headline, .bold) + "\n" + Self.text(lines) + "\n" + Self.table(status, style, now: now)
      + Self.complaints(status)
  }

  private static func text(_ lines: [String]) -> String {
    lines.map { TerminalText.printable($0) + "\n" }.joined()
  }

  /// `accuracy 93.10%, loss 0.2312 after 12 rounds; 1.23 s a round; 13.3 MB in, 12 MB out`
  static func figures(_ status: FederationStatus) -> String? {
    guard let last = status.rounds.last else { return nil }
    var figures: [String] = []
    if let accuracy = status.latest(\.accuracy) { figures.append("accuracy \(Figures.percent(accuracy))") }
    if let loss = status.latest(\.loss) {
      figures.append("loss \(Figures.loss(loss))")
    } else if let loss = status.latest(\.trainLoss) {
      figures.append("train loss \(Figures.loss(loss))")
    }
    let recent = status.rounds.suffix(20).map(\.seconds)
    return figures.joined(separator: ", ")
      + " after \(last.round == 1 ? "1 round" : "\(Figures.count(last.round)) rounds")"
      + "; \(Figures.seconds(recent.reduce(0, +) / Double(recent.count))) a round"
      + "; \(Figures.bytes(status.totals.bytesUp)) in, \(Figures.bytes(status.totals.bytesDown)) out"
  }

  static func table(_ status: FederationStatus, _ style: TerminalStyle, now: Date) -> String {
    var table = TextTable([
      .left("party"), .left("state"), .right("samples"), .right("rounds"), .right("last seen"), .right("refused"),
    ])
    let listed = status.parties(atMost: maximumListedParties)
    for party in listed {
      table.add([
        party.name, party.health.word, party.samples.map { Figures.count($0) } ?? "–", Figures.count(party.rounds),
        party.lastSeen.map { "\(Figures.seconds(max(0, now.timeIntervalSince($0).rounded()))) ago" } ?? "–",
        Figures.count(party.refusalCount),
      ])
    }
    if listed.count < status.parties.count {
      table.add(["… and \(Figures.count(status.parties.count - listed.count)) more"])
    }
    return table.text(style: style, maximumWidth: 100)
  }

  /// Why nothing is taken from whom, and what was refused last from whom.
  static func complaints(_ status: FederationStatus) -> String {
    status.parties.prefix(maximumListedParties).compactMap { party in
      if let reason = party.quarantine { return "\(party.name) is quarantined: \(reason)" }
      return party.lastRefusal.map { refusal in
        "\(party.name)\(refusal.round > 0 ? ", round \(refusal.round)" : "") (\(refusal.kind)): \(refusal.reason)"
      }
    }.map { TerminalText.printable($0) + "\n" }.joined()
  }

  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("isRunning", .bool(isRunning)), .init("process", process.map { JSONValue($0) } ?? .null),
      .init("address", .string(note.address)), .init("page", JSONValue(note.page)),
    ]
    if let silence { members.append(.init("silence", .string(silence))) }
    if let last { members.append(.init("last", last.json)) }
    if let goOn { members.append(.init("goOn", .string(goOn))) }
    if let status, let data = try? FederationStatus.encoder.encode(status),
      let value = try? JSONDecoder().decode(JSONValue.self, from: data)
    {
      members.append(.init("status", value))
    }
    return .object(members)
  }
}
