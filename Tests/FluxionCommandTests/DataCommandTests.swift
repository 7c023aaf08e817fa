import Foundation
import FluxionExperiment
import Testing

@Suite("fluxion data, demo and help")
struct DataCommandTests {
  @Test("data inspect shows each party, and draws a picture")
  func inspect() async throws {
    let directory = try Directory()
    let result = try await Tool.run(
      ["data", "inspect", "--parties", "3", "--partition", "quantity:1", "--seed", "4", "--svg", "p.svg"], in: directory
    )
    #expect(result.status == 0 && result.errors == "")
    for party in 0..<3 { #expect(result.output.contains("\nparty \(party) ")) }
    #expect(result.output.contains("3 parties, 1,438 samples"))
    let picture = try String(contentsOf: directory.url.appending(path: "p.svg"), encoding: .utf8)
    #expect(picture.contains("<svg") && picture.contains("party 2"))
  }

  @Test("a picture that cannot be written ends in a sentence")
  func unwritablePicture() async throws {
    let directory = try Directory()
    let result = try await Tool.run(["data", "inspect", "--svg", "none/p.svg"], in: directory)
    #expect(result.status == 1)
    #expect(result.errors == "fluxion: the picture none/p.svg cannot be written; check its path and permissions\n")
  }

  @Test("data fetch from a mirror that is not there names the mirror")
  func fetch() async throws {
    let directory = try Directory()
    // Port 9 of the loopback device: nobody listens, and nothing leaves the machine.
    let result = try await Tool.run(
      ["data", "fetch", "mnist", "--mirror", "http://127.0.0.1:9/", "--data-dir", "d"], in: directory)
    #expect(result.status == 1)
    #expect(result.errors.hasPrefix("fluxion: train-images-idx3-ubyte.gz of mnist could not be fetched"))
    #expect(result.errors.contains("http://127.0.0.1:9/") && result.errors.filter { $0 == "\n" }.count == 1)
  }

  @Test("the demo ends with the comparison and a report", .timeLimit(.minutes(10)))
  func demo() async throws {
    let directory = try Directory()
    let result = try await Tool.run(["demo"], in: directory, timeoutSeconds: 170)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let baselines = try #require(try directory.json("runs/demo/run.json")["baselines"] as? [String: Any])
    let alone = try #require(baselines["alone"] as? [[String: Any]]).compactMap { $0["accuracy"] as? Double }
    let federation = try #require((baselines["federation"] as? [String: Any])?["accuracy"] as? Double)
    let pooled = try #require((baselines["pooled"] as? [String: Any])?["accuracy"] as? Double)
    #expect(alone.count == 10)
    #expect(federation >= alone.reduce(0, +) / 10 + 0.10, "at least 10 points more than a party alone")
    #expect(federation >= pooled - 0.03, "within 3 points of pooled training")
    for words in ["party 9 alone", "the federation", "all data pooled", "runs/demo/report.html"] {
      #expect(result.output.contains(words))
    }
  }

  @Test(
    "--version and --help go to standard output", arguments: [["--version"], ["--help"], ["simulate", "--help"], []])
  func help(arguments: [String]) async throws {
    let result = try await Tool.run(arguments, in: Directory())
    #expect(result.status == 0 && result.errors == "" && !result.output.isEmpty)
  }

  @Test("every setting of an experiment is a flag of simulate and stands in its help")
  func completeness() async throws {
    let help = try await Tool.run(["simulate", "--help"], in: Directory()).output
    for setting in Experiment.settings { #expect(help.contains("--\(setting.flag)"), "\(setting.flag)") }
  }
}
