import ArgumentParser
import Fluxion
import FluxionClient
import FluxionCommand
import FluxionIdentity
import Foundation

/// `fluxion join`
struct Join: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join", abstract: "Takes part in a federation with data that stays here.",
    discussion: """
      The token, which whoever runs the server prints with `fluxion invite`, is needed once: it becomes a certificate, \
      which is kept in --state. The server sends what is to be trained; the data never leave this process. A party \
      that loses its server comes back by itself, until the server says that the run is over. With --party N the data \
      are dealt out by the settings of an experiment, as `fluxion simulate` does, and this is party N of them.
      """)

  @Argument(help: ArgumentHelp("Where the server is.", valueName: "SERVER:PORT"))
  var server: ServerAddress

  @Argument(help: ArgumentHelp("A YAML file whose settings of data count.", valueName: "experiment.yaml"))
  var file: String?

  @Option(help: ArgumentHelp("The one-time token of the invitation; needed the first time.", valueName: "TOKEN"))
  var token: String?

  @Option(help: ArgumentHelp("Where this party's key and certificate are kept.", valueName: "DIR"))
  var state = Self.defaultFolder

  static let defaultFolder = "fluxion-party"

  @Option(
    help: ArgumentHelp("The longest pause between attempts to reach the server.", valueName: "0.5s | 10s | 5m"))
  var retry: Waiting = Waiting(duration: .seconds(60))

  @Flag(help: "Join a server that serves with --plaintext on this machine.")
  var plaintext = false

  @Option(
    help: ArgumentHelp("What this party is called, with --plaintext; else its invitation says.", valueName: "NAME"))
  var name: String?

  @Option(help: ArgumentHelp("Hold what party N of the partition holds, counted from 0.", valueName: "N"))
  var party: Int?

  @OptionGroup(title: "Data") var data: DataFlags
  @Option(help: .setting("seed")) var seed: String?

  @Flag(help: "Print the last line only.")
  var quiet = false

  func run() async throws {
    var experiment = try file.map { try Experiment(contentsOf: $0) } ?? Experiment()
    try experiment.apply(data.given + [("seed", seed)])
    let held = try holding(experiment)
    let folder = plaintext ? nil : try PartyFolder(state: URL(fileURLWithPath: state, isDirectory: true))
    let identity: PartyIdentity? = if let folder { try await enrolled(in: folder) } else { nil }
    var configuration = FederatedClient.Configuration(
      name: identity?.name.description ?? held.name, host: server.host, port: server.port,
      security: folder.map { .mutualTLS($0) } ?? .plaintextOnLoopback)
    configuration.place = party
    configuration.backoff.maximum = retry.duration
    configuration.backoff.initial = min(configuration.backoff.initial, retry.duration)
    configuration.key = RandomKey(seed: .random(in: .min ... .max))
    let client = try FederatedClient(configuration, data: held.data)
    let note = InterruptionNote()
    note.set("interrupted; the same command takes part again")
    let narration = JoinNarration(server: server, client: client, isQuiet: quiet)
    try await Signals.interrupting(note: { note.text }) {
      try narration.begin()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.run() }
        group.addTask { for await progress in client.progress { try narration.tell(progress) } }
        // Whoever fails, such as an output that nobody reads, ends the other.
        while try await group.next() != nil {}
      }
    }
  }

  func validate() throws {
    if data.data == nil, file == nil, party == nil {
      throw ValidationError("--data says what this party holds, such as --data csv:patients.csv; it was not given")
    }
    if plaintext, name == nil, party == nil {
      throw ValidationError("--name says what this party is called, such as --name north; it was not given")
    }
    if plaintext, token != nil {
      throw ValidationError("--token is for servers with certificates, --plaintext for those without; leave one out")
    }
    if !plaintext, name != nil {
      throw ValidationError("a party is called as its invitation says; --name is for --plaintext")
    }
    if party == nil, data.parties != nil || data.partition != nil || seed != nil {
      throw ValidationError(
        "--parties, --partition and --seed deal data out; with them, --party says which part is held")
    }
  }

  /// The party's identity, which the token becomes the first time.
  private func enrolled(in folder: PartyFolder) async throws -> PartyIdentity {
    if let identity = try folder.identity() { return identity }
    guard let token else {
      throw FluxionError(
        .unauthorized,
        "there is no identity in \(state) yet: --token says the invitation, which whoever runs the server gets from "
          + "fluxion invite NAME")
    }
    return try await PartyEnrollment(host: server.host, port: server.port).enroll(JoinToken(token), in: folder)
  }

  private func holding(_ experiment: Experiment) throws -> (name: String, data: PartyData) {
    guard let party else { return (name ?? "", try PartyData(experiment)) }
    let partition = try experiment.prepared().partition
    guard partition.indices.contains(party) else {
      throw UsageError(message: "--party is a number from 0 to \(partition.count - 1), not \(party)")
    }
    return (name ?? partition.name(of: party), .examples(partition[party]))
  }
}
