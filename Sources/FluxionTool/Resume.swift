import ArgumentParser
import Fluxion
import FluxionCommand
import Foundation

/// `fluxion resume`
struct Resume: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Starts a server again as it was started, to go on with its run.",
    discussion: """
      The state folder has the arguments of `fluxion serve` and the directory that they hold in. The server takes the \
      place of this command. Parties that are waiting come back by themselves.
      """)

  @OptionGroup var folder: ServerState

  func run() throws {
    let note = try ServerFolder(folder.url).note()
    let holder: String? =
      switch FolderUse(of: folder.url) {
      case .free: nil
      case .process(let process): "process \(process)"
      case .somebody: "another process"
      }
    if let holder {
      throw FluxionError(
        .inUse, "a server runs from \(folder.state) already, \(holder) at \(note.address); see fluxion status")
    }
    let arguments = try Self.arguments(note, state: folder.url)
    guard FileManager.default.changeCurrentDirectoryPath(note.directory) else {
      throw FluxionError(
        .notFound,
        "the server was begun in \(note.directory), which is no longer there; where its files are now: "
          + ShellText.line(["fluxion"] + arguments))
    }
    try Self.become(arguments)
  }

  /// The arguments of the server, with its folder where that is now, and with the port that its parties know.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for arguments that are none of `fluxion serve`.
  static func arguments(_ note: ServerFolder.Note, state: URL) throws -> [String] {
    guard note.arguments.first == Serve.configuration.commandName,
      let serve = try? Serve.parse(Array(note.arguments.dropFirst()))
    else {
      throw FluxionError(
        .corruptData,
        "this build does not understand how the server was begun: \(ShellText.line(["fluxion"] + note.arguments)); "
          + "give that command as this build has it")
    }
    var arguments = note.arguments
    let directory = URL(fileURLWithPath: note.directory, isDirectory: true)
    let begun = URL(
      fileURLWithPath: serve.state ?? ServerState.defaultFolder, isDirectory: true, relativeTo: directory)
    // The last of several counts.
    if begun.resolved != state.resolved { arguments += ["--state", state.resolved] }
    if serve.port == 0, let address = ServerAddress(argument: note.address) {
      arguments += ["--port", "\(address.port)"]
    }
    return arguments
  }

  /// Puts another run of this tool in the place of this one.
  private static func become(_ arguments: [String]) throws {
    let path = Bundle.main.executablePath ?? CommandLine.arguments[0]
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    execv(path, &words)
    let reason = String(cString: strerror(errno))
    for word in words { free(word) }
    throw FluxionError(
      .notFound, "\(path) cannot be started: \(reason); the server is: \(ShellText.line(["fluxion"] + arguments))")
  }
}

extension URL {
  /// One path for a folder, however it is named.
  fileprivate var resolved: String { standardizedFileURL.resolvingSymlinksInPath().path }
}
