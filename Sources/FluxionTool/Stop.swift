import ArgumentParser
import Fluxion
import FluxionCommand
import Foundation

/// `fluxion stop`
struct Stop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Ends a server; its run can go on with fluxion resume.",
    discussion: """
      The server that uses the state folder is sent SIGTERM: its parties are told, what is finished is on record, and a \
      round that is under way is begun again when it is resumed.
      """)

  @OptionGroup var folder: ServerState

  private static let patience = Duration.seconds(30)

  func run() async throws {
    let server = try ServerFolder(folder.url)
    switch FolderUse(of: folder.url) {
    case .free: try StandardOutput.line("no server runs from \(folder.state)")
    case .somebody:
      throw FluxionError(
        .inUse,
        "\(folder.state) is in use by a process that the system does not name; stop it as the user that began it")
    case .process(let process):
      try Self.tell(process)
      try await wait(for: process)
      try StandardOutput.line("process \(process) has ended")
    }
    let note = try? server.note()
    guard let last = try LastRun(state: folder.url, output: note?.outputDirectory) else { return }
    try StandardOutput.line(last.sentence)
    if !last.isFinished {
      try StandardOutput.line("to go on: fluxion resume --state \(ShellText.line([folder.state]))")
    }
  }

  private static func tell(_ process: Int32) throws {
    // A process that has just ended has done what was asked of it.
    guard kill(process, SIGTERM) != 0, errno != ESRCH else { return }
    throw FluxionError(
      .unauthorized, "process \(process) cannot be told to stop: \(String(cString: strerror(errno))); do so as its user"
    )
  }

  private func wait(for process: Int32) async throws {
    let end = ContinuousClock.now + Self.patience
    while FolderUse(of: folder.url) == .process(process) {
      guard ContinuousClock.now < end else {
        throw FluxionError(
          .unavailable,
          "process \(process) has not ended within \(Int(Self.patience / .seconds(1))) seconds; kill -9 \(process) ends "
            + "it, and loses nothing that is on record")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
