import FluxionCalculus
import Foundation

// How long a round takes that computes nothing, how fast models travel, what memory a server needs, and what it makes of
// connections that come to nothing.
//
//   FluxionFederationBenchmark                      all scenarios, each in processes of its own
//   FluxionFederationBenchmark echo-10 crowd-1000   some of them
//   FluxionFederationBenchmark --json FILE …        writes what was measured, too

func measure(_ names: [String], json: String?) throws {
  let scenarios = names.isEmpty ? Scenario.all.map(\.name) : names
  for name in scenarios where !Scenario.all.contains(where: { $0.name == name }) {
    throw FluxionError(
      .invalidArgument,
      "there is no scenario \(name); choose from \(Scenario.all.map(\.name).joined(separator: ", "))")
  }
  var measurements: [Measurement] = []
  say(Measurement.header)
  for name in scenarios {
    let measurement = try Command.start(.scenario(name)).report(Measurement.self)
    say(measurement.row)
    measurements.append(measurement)
  }
  guard let json else { return }
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
  try encoder.encode(measurements).write(to: URL(filePath: json))
}

/// At once, also into a pipe.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

var arguments = Array(CommandLine.arguments.dropFirst())
do {
  if arguments.first == "--as", arguments.count == 2 {
    try await JSONDecoder().decode(Command.self, from: Data(arguments[1].utf8)).run()
  } else {
    var json: String?
    if arguments.first == "--json", arguments.count >= 2 {
      json = arguments[1]
      arguments.removeFirst(2)
    }
    try measure(arguments, json: json)
  }
} catch {
  FileHandle.standardError.write(Data("error: \((error as? FluxionError)?.message ?? "\(error)")\n".utf8))
  exit(1)
}
