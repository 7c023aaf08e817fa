import ArgumentParser
import FluxionCommand

/// The command line tool.
@main
struct FluxionTool: CommandLineTool {
  static let configuration = CommandConfiguration(
    commandName: "fluxion", abstract: LocalCommands.abstract, version: LocalCommands.version,
    subcommands: [
      Serve.self, Join.self, Status.self, Stop.self, Resume.self, Logs.self, Doctor.self, Invite.self, Parties.self,
      Revoke.self, DataCommand.self,
    ] + LocalCommands.all)
}
