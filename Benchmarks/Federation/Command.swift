import FluxionCalculus
import Foundation

/// What a process of the benchmark does; it starts others of itself.
enum Command: Codable {
  case scenario(String)
  case parties(Parties)
  case intruders(Intruders)

  static func start(_ command: Command) throws -> Child {
    try Child(arguments: ["--as", String(decoding: try JSONEncoder().encode(command), as: UTF8.self)])
  }

  /// Does it, and prints what it came to.
  func run() async throws {
    switch self {
    case .scenario(let name):
      guard let scenario = Scenario.all.first(where: { $0.name == name }) else {
        throw FluxionError(.invalidArgument, "there is no scenario \(name)")
      }
      try Self.put(await scenario.run())
    case .parties(let parties): try await parties.run()
    case .intruders(let intruders): try Self.put(await intruders.run())
    }
  }

  private static func put(_ report: some Encodable) throws {
    FileHandle.standardOutput.write(try JSONEncoder().encode(report))
  }
}

/// A process of the benchmark that another has started.
final class Child {
  private let process = Process()
  private let output = Pipe()

  init(arguments: [String]) throws {
    process.executableURL = Bundle.main.executableURL
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
  }

  var identifier: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  func terminate() { if process.isRunning { process.terminate() } }

  /// What it prints, once it has ended.
  func report<Report: Decodable>(_ type: Report.Type) throws -> Report {
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw FluxionError(.unavailable, "a process of the benchmark ended with status \(process.terminationStatus)")
    }
    return try JSONDecoder().decode(type, from: data)
  }
}
