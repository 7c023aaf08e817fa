import ArgumentParser
import Fluxion
import FluxionCommand
import FluxionServer
import Foundation

/// `fluxion serve`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Coordinates a federation whose parties join from processes of their own.",
    discussion: """
      The experiment is that of `fluxion simulate`; its data serve to judge the model and stay here, as the parties' \
      data stay with them. Parties join with the tokens that `fluxion invite` prints, over mutual TLS. The first round \
      begins when as many have joined as --parties says; --deadline is for that, too. A server that was ended, also by \
      kill -9, goes on when the same command is given again.
      """)

  @Argument(help: ArgumentHelp("A YAML file with settings.", valueName: "experiment.yaml"))
  var file: String?

  @Option(
    help: ArgumentHelp(
      "Keep the run and who takes part in DIR, and go on from what is there; outputs go there, too, unless --output is "
        + "given (default: \(ServerState.defaultFolder); with --plaintext nothing is kept).",
      valueName: "DIR"))
  var state: String?

  @Option(help: ArgumentHelp("The address to listen on; 0.0.0.0 for all of this machine.", valueName: "HOST"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("The port to listen on, 0 for any that is free.", valueName: "PORT"))
  var port = ServerAddress.defaultPort

  @Option(
    help: ArgumentHelp(
      "A name or address by which parties reach the server, beside those of this machine; may be repeated.",
      valueName: "HOST"))
  var serverName: [String] = []

  @Option(
    help: ArgumentHelp("The port of the live page, on this machine alone; 0 for any free one.", valueName: "PORT"))
  var pagePort = Self.defaultPagePort

  static let defaultPagePort = 7118

  @Flag(help: "Serve no page.")
  var noPage = false

  @Flag(help: "Neither encryption nor proof of who a party is, on the loopback interface alone: for trying things out.")
  var plaintext = false

  @Option(help: ArgumentHelp("Refuse updates whose Euclidean norm is above X (default: none is).", valueName: "X"))
  var maximumNorm: Double?

  @OptionGroup var flags: ExperimentFlags

  @Flag(help: "Print run.json and nothing else.")
  var json = false

  @Flag(help: "Print the last line only.")
  var quiet = false

  func run() async throws {
    let experiment = try self.experiment()
    try experiment.requireRemoteParties()
    let folder = plaintext ? state : state ?? ServerState.defaultFolder
    let service = try FederationRun(
      try experiment.prepared(), state: folder.map { URL(fileURLWithPath: $0, isDirectory: true) },
      FederationRun.Settings(
        address: ServerAddress(host: host, port: port), names: plaintext ? nil : serverName,
        pagePort: noPage ? nil : pagePort, deadline: experiment.deadline.map { .seconds($0) }, maximumNorm: maximumNorm,
        arguments: Array(CommandLine.arguments.dropFirst())))
    try await RunNarration(style: json ? .json : quiet ? .quiet : .live).run(
      goingOn: folder.map { "fluxion resume --state \(ShellText.line([$0])) goes on from there" }
    ) { reporting in
      try await service.run(reporting)
    }
  }

  /// What is asked for, by file and flags.
  func experiment() throws -> Experiment {
    var experiment = try file.map { try Experiment(contentsOf: $0) } ?? Experiment()
    try flags.apply(to: &experiment)
    return experiment
  }

  func validate() throws {
    if state?.isEmpty == true { throw ValidationError("--state takes a directory; it was given none") }
    if json, quiet { throw ValidationError("--json and --quiet exclude each other; choose one") }
    for (flag, port) in [("--port", port), ("--page-port", pagePort)] where !(0...65_535).contains(port) {
      throw ValidationError("\(flag) is from 0 to 65535, not \(port)")
    }
    if plaintext, !serverName.isEmpty {
      throw ValidationError("--server-name is for certificates, of which --plaintext has none; leave one of them out")
    }
    if let maximumNorm, !(maximumNorm > 0 && maximumNorm.isFinite) {
      throw ValidationError("--maximum-norm is a number above 0, not \(maximumNorm)")
    }
  }
}

extension Waiting {
  /// As the help shows a default.
  var defaultValueDescription: String { "\(Int(duration / .seconds(1)))s" }
}

/// A time to wait: `45`, `45s`, `10m` or `2h`.
struct Waiting: ExpressibleByArgument, Equatable {
  var duration: Duration

  init(duration: Duration) { self.duration = duration }

  /// nil for a text that is no time above 0.
  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    let unit = argument.last.flatMap { units[$0] }
    guard let number = Double(unit == nil ? argument : String(argument.dropLast())),
      number > 0, number * (unit ?? 1) < 1e9
    else { return nil }
    duration = .seconds(number * (unit ?? 1))
  }
}
