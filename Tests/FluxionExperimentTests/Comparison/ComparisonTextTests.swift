import FluxionCalculus
import FluxionData
import Foundation
import Testing

@testable import FluxionExperiment

@Suite("The text of a comparison")
struct ComparisonTextTests {
  @Test("has a base, seeds, and variants that say what is different")
  func parses() throws {
    let comparison = try Comparison(
      yaml: """
        name: Two rates
        base: { data: digits, parties: 4, partition: iid, model: logistic, rounds: 3, output: out }
        seeds: [1, 2, 3]
        variants:
          - { name: "well set", learningRate: 0.5 }
          - name: low
            group: 10 times too low
            learning-rate: 0.05
            rounds: 6
        """)
    try comparison.validate()
    #expect(comparison.name == "Two rates" && comparison.seeds == [1, 2, 3] && comparison.output == "out")
    #expect(comparison.variants.map(\.name) == ["well set", "low"])
    #expect(comparison.variants.map(\.group) == [nil, "10 times too low"])
    #expect(comparison.variants.map(\.experiment.learningRate) == [0.5, 0.05])
    #expect(comparison.variants.map(\.experiment.rounds) == [3, 6])
    #expect(comparison.variants.allSatisfy { $0.experiment.parties == 4 && $0.experiment.model == .logistic })
  }

  @Test(
    "takes seeds as a list, with commas, or from its base",
    arguments: [
      ("seeds: [7, 8]", [7, 8]), ("seeds: 7,8", [7, 8]), ("seeds: 7", [7]), ("base: { seed: 7 }", [7]), ("", [0]),
    ] as [(String, [UInt64])])
  func seeds(line: String, expected: [UInt64]) throws {
    #expect(try Comparison(yaml: "variants: [{ name: a }]\n\(line)").seeds == expected)
  }

  @Test("a file that says something wrong is refused in one sentence", arguments: badFiles)
  func refusal(yaml: String, sentence: String) {
    let error = #expect(throws: FluxionError.self) { try Comparison(yaml: yaml, name: "c.yaml").validate() }
    #expect(error?.message == sentence)
    #expect(error?.code == .invalidConfiguration)
  }

  private static let two = "variants: [{ name: a }, { name: b, epochs: 2 }]"

  static let badFiles: [(String, String)] = [
    ("name: x", "c.yaml has no variants; list them, each with a name and settings"),
    (
      "varants: []",
      "a comparison has no \"varants\" (line 1 of c.yaml); did you mean \"variants\"? it has name, base, seeds, variants"
    ),
    (
      "rounds: 3",
      "\"rounds\" (line 1 of c.yaml) is a setting; it stands in base, for all variants, or in one of the variants"
    ),
    (
      "base:\n  batchsize: 3\n\(two)",
      "there is no setting \"batchsize\" (line 2 of c.yaml); did you mean \"batch-size\"?"
    ),
    ("base: 3", "\"base\" (line 1 of c.yaml) takes settings, as in base: { data: digits, rounds: 10 }"),
    (
      "variants: 3", "\"variants\" (line 1 of c.yaml) takes a list, each with a name and settings, as in - name: FedAvg"
    ),
    ("variants:\n  - fedavg", "variant 1 (line 2 of c.yaml) takes a name and settings, as in - name: FedAvg"),
    ("variants:\n  - { epochs: 2 }", "variant 1 (line 2 of c.yaml) has no name; write name: and what it is"),
    (
      "variants:\n  - { name: a, gruop: x }",
      "there is no setting \"gruop\" (line 2 of c.yaml); did you mean \"group\"?"
    ),
    (
      "variants:\n  - { name: a, 10 times lower, epochs: 2 }",
      "\"10 times lower\" (line 2 of c.yaml) has no value; a name with a comma stands in quotes"
    ),
    (
      "variants:\n  - { name: a, rounds: 0 }",
      "rounds takes a whole number of at least 1; it was given \"0\" (line 2 of c.yaml)"
    ),
    (
      "variants:\n  - { name: a, seed: 3 }",
      "\"seed\" (line 2 of c.yaml) is the same for all variants; write seeds: [1, 2, 3] at the top, and output in base"
    ),
    (
      "\(two)\nseeds: [1, x]",
      "seeds takes whole numbers from 0 to 18446744073709551615 with commas between them; it was given \"1,x\" "
        + "(line 2 of c.yaml)"
    ),
    ("\(two)\nseeds: [1, 2, 1]", "a seed is given twice in 1,2,1; once is enough"),
    ("\(two)\nseeds: 1\nbase: { seed: 1 }", "c.yaml has seeds and a seed in its base; leave out one of them"),
    (
      "variants: [{ name: a }]",
      "a comparison needs at least two runs: several experiment files, --algorithms, several seeds, or a file with "
        + "variants"
    ),
    ("variants: [{ name: a }, { name: a, epochs: 2 }]", "two variants are called \"a\"; name each differently"),
    (
      "variants: [{ name: a }, { name: b }]",
      "\"a\" and \"b\" have the same settings; there is nothing to compare them by"
    ),
    (
      "variants: [{ name: a }, { name: b, group: g, data: mnist }]",
      "\"a\" has data digits and \"g: b\" has mnist; the variants of a comparison share data, parties, seeds and "
        + "target"
    ),
    (
      "variants: [{ name: a, targetAccuracy: 0.9 }, { name: b }]",
      "\"a\" has target-accuracy 0.9 and \"b\" has none; the variants of a comparison share data, parties, seeds "
        + "and target"
    ),
    ("variants: [{ name: a, name: b }]", "c.yaml is no YAML: line 1: \"name\" is set twice"),
    ("- a", "c.yaml holds no settings; write one \"name: value\" a line"),
  ]

  @Test("algorithms are variants of one base")
  func algorithms() throws {
    var base = Experiment()
    base.rounds = 3
    let comparison = try Comparison(base: base, algorithms: "fedavg, fedsgd", seeds: [1, 2])
    #expect(comparison.variants.map(\.name) == ["fedavg", "fedsgd"])
    #expect(comparison.variants.map(\.experiment.algorithm) == [.federatedAveraging, .federatedSGD])
    #expect(comparison.variants.allSatisfy { $0.experiment.rounds == 3 })
    #expect(comparison.name == "fedavg, fedsgd on digits")
    let error = #expect(throws: FluxionError.self) { try Comparison(base: base, algorithms: "fedavg,fedsdg") }
    #expect(error?.message.contains("did you mean \"fedsgd\"?") == true)
  }

  @Test("each variant has a path of its own")
  func paths() {
    let comparison = Comparison(
      name: "A & B: 10 %",
      variants: [
        .init("Fed/Avg", group: "well set", Experiment()), .init("fed avg", group: "well set", Experiment()),
        .init("..", Experiment()), .init("é", Experiment()),
      ])
    #expect(
      comparison.variantPaths == [
        "runs/well-set/fed-avg", "runs/well-set/fed-avg-2", "runs/comparison", "runs/comparison-2",
      ])
    #expect(comparison.outputDirectory.relativePath == "runs/a-b-10")
  }
}
