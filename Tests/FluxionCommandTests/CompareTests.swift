import Foundation
import Testing

@Suite("fluxion compare")
struct CompareTests {
  private static let small = ["--parties", "3", "--model", "logistic", "--rounds", "2"]
  private static let yaml = """
    name: Small
    base: { parties: 3, model: logistic, rounds: 2 }
    seeds: [1, 2]
    variants:
      - { name: plain, group: one pass }
      - { name: more, group: several passes, epochs: 2 }
    """

  @Test("runs algorithms over seeds, says how each run went, and leaves one page about them")
  func algorithms() async throws {
    let directory = try Directory()
    let result = try await Tool.run(
      ["compare", "--algorithms", "fedavg,fedsgd", "--seeds", "1,2"] + Self.small, in: directory)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    #expect(!result.output.contains("\u{1b}"))
    let lines = result.output.split(separator: "\n")
    #expect(
      lines.first
        == "2 variants, seeds 1, 2: 4 runs over the same 3 parties; results go to runs/fedavg-fedsgd-on-digits")
    #expect(
      lines.filter { $0.hasPrefix("run ") } == [
        "run 1 of 4: fedavg, seed 1", "run 2 of 4: fedsgd, seed 1", "run 3 of 4: fedavg, seed 2",
        "run 4 of 4: fedsgd, seed 2",
      ])
    #expect(lines.count { $0.hasPrefix("round ") } == 8)
    #expect(lines.last == "4 runs; page: runs/fedavg-fedsgd-on-digits/comparison.html")
    for name in [
      "comparison.html", "comparison.md", "compare.json", "charts/accuracy-by-round.svg",
      "charts/accuracy-by-bytes.svg",
      "charts/accuracy-by-seconds.svg", "runs/fedavg/seed-1/run.json", "runs/fedsgd/seed-2/metrics.csv",
    ] {
      #expect(directory.has("runs/fedavg-fedsgd-on-digits/\(name)"), "\(name)")
    }
    let single = try await Tool.run(
      ["simulate", "--algorithm", "fedsgd", "--seed", "2", "-o", "single", "--quiet"] + Self.small, in: directory)
    #expect(single.status == 0)
    #expect(
      try directory.json("runs/fedavg-fedsgd-on-digits/runs/fedsgd/seed-2/run.json")["modelSHA256"] as? String
        == directory.json("single/run.json")["modelSHA256"] as? String, "the same run as by simulate")
  }

  @Test("a comparison file has variants and groups; a flag overrides it; the same command takes what is done")
  func file() async throws {
    let directory = try Directory()
    try directory.file("c.yaml", text: Self.yaml)
    let arguments = ["compare", "c.yaml", "--rounds", "1", "-o", "out"]
    let first = try await Tool.run(arguments + ["--json"], in: directory)
    #expect(first.status == 0 && first.errors == "", "\(first.errors)")
    #expect(try first.output == String(contentsOf: directory.url.appending(path: "out/compare.json"), encoding: .utf8))
    let record = try directory.json("out/compare.json")
    #expect((record["settings"] as? [String: Any])?["rounds"] as? Int == 1)
    let variants = try #require(record["variants"] as? [[String: Any]])
    #expect(variants.map { $0["group"] as? String } == ["one pass", "several passes"])
    #expect(variants.allSatisfy { ($0["runs"] as? [Any])?.count == 2 })
    let again = try await Tool.run(arguments, in: directory)
    #expect(again.output.split(separator: "\n").count { $0.contains(": done before, accuracy ") } == 4)
    let quiet = try await Tool.run(arguments + ["--quiet"], in: directory)
    #expect(quiet.output == "4 runs; page: out/comparison.html\n")
  }

  @Test("experiment files are variants named after them")
  func experiments() async throws {
    let directory = try Directory()
    try directory.file("one.yaml", text: "parties: 3\nmodel: logistic\nrounds: 1\nseed: 4\n")
    try directory.file("two.yaml", text: "parties: 3\nmodel: mlp:4\nrounds: 1\nseed: 4\n")
    let result = try await Tool.run(["compare", "one.yaml", "two.yaml", "--quiet"], in: directory)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "2 runs; page: runs/one-two/comparison.html\n")
    #expect(directory.has("runs/one-two/runs/one/seed-4/run.json"))
  }

  @Test("a variant that diverges ends nothing but itself, and the summary says so")
  func divergence() async throws {
    let directory = try Directory()
    try directory.file(
      "c.yaml",
      text: """
        base: { data: synthetic-linear, parties: 4, rounds: 40 }
        variants: [{ name: high, learningRate: 5 }, { name: good, learningRate: 0.05 }]
        """)
    let result = try await Tool.run(["compare", "c.yaml", "-o", "out"], in: directory)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    #expect(result.output.contains("\ndiverged: \"high\" with seed 0 in round "))
    #expect(result.output.hasSuffix("2 runs, of which 1 diverged; page: out/comparison.html\n"))
    let page = try String(contentsOf: directory.url.appending(path: "out/comparison.html"), encoding: .utf8)
    #expect(page.contains("1 of 2 runs diverged"))
  }

  @Test("Ctrl-C keeps what is done and says how to go on, and the same command does")
  func interruption() async throws {
    let directory = try Directory()
    try directory.file(
      "c.yaml",
      text: """
        base: { parties: 3, model: mlp:64 }
        variants: [{ name: short, rounds: 1 }, { name: long, rounds: 1000000 }]
        """)
    let file = directory.url.appending(path: "out/runs/long/seed-0/metrics.csv")
    let result = try await Tool.run(["compare", "c.yaml", "-o", "out", "--quiet"], in: directory) { process in
      let identifier = process.processIdentifier
      Thread.detachNewThread {
        // Until a round of the second run is on file.
        while kill(identifier, 0) == 0 {
          let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").count ?? 0
          if lines > 1 { break }
          Thread.sleep(forTimeInterval: 0.01)
        }
        kill(identifier, SIGINT)
      }
    }
    #expect(!result.isTimedOut && result.status == 128 + SIGINT)
    #expect(
      result.errors
        == "fluxion: interrupted; 1 of 2 runs are done and in out, and the same command goes on from there\n")
    let again = try await Tool.run(["compare", "c.yaml", "-o", "out", "--rounds", "1", "--epochs", "1"], in: directory)
    #expect(again.status == 1, "the variants are the same now")
    try directory.file(
      "c.yaml",
      text: """
        base: { parties: 3, model: mlp:64 }
        variants: [{ name: short, rounds: 1 }, { name: long, rounds: 2 }]
        """)
    let rest = try await Tool.run(["compare", "c.yaml", "-o", "out"], in: directory)
    #expect(rest.status == 0, "\(rest.errors)")
    #expect(rest.output.contains("run 1 of 2: short, seed 0: done before"))
    #expect(rest.output.contains("run 2 of 2: long, seed 0\n"))
  }
}
