import ArgumentParser
import Fluxion
import FluxionCommand
import FluxionIdentity
import Foundation

/// `fluxion doctor`
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Looks for what keeps a server or a party from working, and says what to do.",
    discussion: """
      Looks at ports, certificates, the clock, the disk, the data and versions, of a server's state folder or a \
      party's, whichever it is. With SERVER:PORT a party's folder is tried out on that server. The exit status is 1 if \
      there is a problem.
      """)

  @Argument(help: ArgumentHelp("Where a party's server is.", valueName: "SERVER:PORT"))
  var server: ServerAddress?

  @Option(
    help: ArgumentHelp(
      "The state folder (default: \(ServerState.defaultFolder), or \(Join.defaultFolder) if there is none).",
      valueName: "DIR"))
  var state: String?

  @OptionGroup(title: "Data") var data: DataFlags

  @Flag(help: "Print JSON and nothing else.")
  var json = false

  func run() async throws {
    let now = Date()
    let findings = await findings(now: now)
    try StandardOutput.write(
      json ? findings.json.text() + "\n" : findings.text(.current(descriptor: STDOUT_FILENO)))
    if findings.count(.problem) > 0 { throw ExitCode(1) }
  }

  func validate() throws {
    if state?.isEmpty == true { throw ValidationError("--state takes a directory; it was given none") }
  }

  private func findings(now: Date) async -> [Finding] {
    let (name, holds) = folder
    let url = URL(fileURLWithPath: name, isDirectory: true)
    var findings = [VersionCheck.build] + (VersionCheck.journal(in: url).map { [$0] } ?? [])
    // Where there is nothing yet and no server is named, one is to be begun here.
    if holds == .server || (holds == .nothing && server == nil) {
      findings += await DoctorsRound(state: url, now: now).server(isAsked: holds == .server)
    }
    if holds == .party { findings += CertificateCheck.party(url, now: now) }
    if let server {
      let known = holds == .party ? try? PartyFolder(state: url) : nil
      let hasEnrolled = (try? known?.identity()).flatMap { $0 } != nil
      findings.append(await ServerCheck.look(server, folder: hasEnrolled ? known : nil).finding)
    }
    findings += [ClockCheck.ofFiles(in: url, now: Date())].compactMap { $0 }
    findings += DiskCheck(url).findings
    return findings + dataFindings(holds, url)
  }

  /// What a folder is, by what is in it.
  enum Holds { case server, party, nothing }

  static func holds(_ state: URL) -> Holds {
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: state.appending(path: name).path) }
    if has("server") || has("identity") { return .server }
    return has("party") ? .party : .nothing
  }

  private var folder: (name: String, holds: Holds) {
    let names = state.map { [$0] } ?? [ServerState.defaultFolder, Join.defaultFolder]
    let all = names.map { ($0, Self.holds(URL(fileURLWithPath: $0, isDirectory: true))) }
    return all.first { $0.1 != .nothing } ?? all[0]
  }

  private func dataFindings(_ holds: Holds, _ state: URL) -> [Finding] {
    if data.given.contains(where: { $0.1 != nil }) {
      let experiment = {
        var experiment = Experiment()
        try experiment.apply(data.given)
        return experiment
      }
      return [holds == .server ? DataCheck.server(experiment) : DataCheck.party(experiment)]
    }
    guard holds == .server, let note = try? ServerFolder(state).note(),
      let serve = try? Serve.parse(Array(note.arguments.dropFirst()))
    else { return [] }
    // The last thing that is looked at: names of files hold there.
    guard FileManager.default.changeCurrentDirectoryPath(note.directory) else {
      return [
        .problem(
          "data", "the server was begun in \(note.directory), which is no longer there",
          "put its files back, or give fluxion serve where they are now")
      ]
    }
    return [DataCheck.server(serve.experiment)]
  }
}

/// What is looked at of a server on this machine.
struct DoctorsRound {
  /// An absolute URL.
  var state: URL
  var now: Date

  /// - Parameter isAsked: whether the folder is a server's; if not, what one would need.
  func server(isAsked: Bool) async -> [Finding] {
    let folder = isAsked ? try? ServerFolder(state) : nil
    let note = try? folder?.note()
    let use = FolderUse(of: state)
    var findings = ports(note, isRunning: use != .free)
    if isAsked { findings += CertificateCheck.server(state, now: now) }
    if use != .free, let folder, let clock = await clock(folder, note) { findings.append(clock) }
    return findings
  }

  private func ports(_ note: ServerFolder.Note?, isRunning: Bool) -> [Finding] {
    let address =
      note.flatMap { ServerAddress(argument: $0.address) }
      ?? ServerAddress(host: "127.0.0.1", port: ServerAddress.defaultPort)
    var checks = [PortCheck("parties join", flag: "--port", address, isRunning: isRunning)]
    let page =
      note == nil ? URL(string: "http://127.0.0.1:\(Serve.defaultPagePort)/") : note?.page.flatMap(URL.init(string:))
    if let host = page?.host(), let port = page?.port {
      checks.append(
        PortCheck("the page is", flag: "--page-port", ServerAddress(host: host, port: port), isRunning: isRunning))
    }
    return checks.map(\.finding)
  }

  /// Of a page that answers, the server's clock.
  private func clock(_ folder: ServerFolder, _ note: ServerFolder.Note?) async -> Finding? {
    guard let page = note?.page.flatMap({ URL(string: $0) }), let token = try? folder.token(),
      let date = try? await PageClient(url: page, token: token).get("healthz").date
    else { return nil }
    return ClockCheck(ahead: date.timeIntervalSince(Date()), other: "the server's clock").finding
  }
}
