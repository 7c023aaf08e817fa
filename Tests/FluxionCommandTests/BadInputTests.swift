import Foundation
import Testing

/// Something a user may get wrong: how it comes about, and what the sentence about it must say.
struct BadInput: Sendable, CustomTestStringConvertible {
  var name: String
  var arguments: [String]
  var status: Int32 = 1
  var says: [String]
  var prepare: @Sendable (Directory) throws -> Void = { _ in }

  var testDescription: String { name }
}

@Suite("Bad input")
struct BadInputTests {
  @Test(
    "ends in one sentence on standard error and a status", arguments: files + tables + settings + runs + comparisons)
  func refusal(_ input: BadInput) async throws {
    let directory = try Directory()
    try input.prepare(directory)
    let result = try await Tool.run(input.arguments, in: directory)
    #expect(!result.isTimedOut)
    #expect(result.status == input.status)
    #expect(result.output == "")
    #expect(result.errors.hasPrefix("fluxion: "))
    #expect(result.errors.filter { $0 == "\n" }.count == 1 && result.errors.hasSuffix("\n"), "\(result.errors)")
    for words in input.says { #expect(result.errors.contains(words), "\(result.errors)") }
    #expect(!directory.has("runs"), "nothing is begun that cannot be")
  }

  private static let images = ["simulate", "--data", "idx:images", "--parties", "4", "--model", "linear"]

  private static func idx(
    _ name: String, says: [String], gzip: Bool = false, spoil: @escaping @Sendable (inout IDXFiles) -> Void
  ) -> BadInput {
    BadInput(name: name, arguments: images, says: says) { directory in
      var files = IDXFiles()
      spoil(&files)
      try files.write(to: directory, gzip: gzip)
    }
  }

  static let files: [BadInput] = [
    idx("a truncated IDX file", says: ["images/train-images-idx3-ubyte", "truncated"]) { $0.trainImages.removeLast(9) },
    idx("an oversized IDX file", says: ["images/t10k-labels-idx1-ubyte", "oversized"]) { $0.testLabels.append(1) },
    idx("images and labels that disagree", says: ["40 images", "39 labels"]) { $0.trainLabels = IDXFiles.labels(39) },
    idx("an IDX file of nothing", says: ["0 bytes"]) { $0.trainImages = [] },
    idx("an IDX file that claims to be enormous", says: ["claims dimensions"]) {
      $0.trainImages = [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12)
    },
    idx("an oversized IDX file in gzip", says: ["oversized"], gzip: true) { $0.trainImages.append(1) },
    BadInput(name: "a truncated gzip file", arguments: images, says: ["train-images-idx3-ubyte.gz", "truncated"]) {
      try IDXFiles().write(to: $0, gzip: true)
      try $0.file("images/train-images-idx3-ubyte.gz", IDXFiles.gzip(IDXFiles().trainImages).dropLast(100))
    },
    BadInput(name: "a gzip file with more behind it", arguments: images, says: ["train-images-idx3-ubyte.gz"]) {
      try IDXFiles().write(to: $0, gzip: true)
      try $0.file("images/train-images-idx3-ubyte.gz", IDXFiles.gzip(IDXFiles().trainImages) + [1, 2, 3])
    },
    BadInput(name: "a gzip file with a flipped byte", arguments: images, says: ["train-images-idx3-ubyte.gz"]) {
      try IDXFiles().write(to: $0, gzip: true)
      var bytes = IDXFiles.gzip(IDXFiles().trainImages)
      bytes[700] ^= 1
      try $0.file("images/train-images-idx3-ubyte.gz", bytes)
    },
    BadInput(name: "a missing file of four", arguments: images, says: ["t10k-labels-idx1-ubyte"]) {
      try IDXFiles().write(to: $0)
      try FileManager.default.removeItem(at: $0.url.appending(path: "images/t10k-labels-idx1-ubyte"))
    },
    BadInput(name: "a directory that is not there", arguments: images, says: ["there is no directory images"]),
    BadInput(
      name: "MNIST that was not fetched", arguments: ["simulate", "--data", "mnist"],
      says: ["mnist is not in", "fluxion data fetch mnist"]),
  ]

  private static func csv(_ name: String, _ text: String, _ more: [String] = [], says: [String]) -> BadInput {
    BadInput(name: name, arguments: ["simulate", "--data", "csv:t.csv", "--parties", "2"] + more, says: says) {
      try $0.file("t.csv", text: text)
    }
  }

  static let tables: [BadInput] = [
    csv("a CSV with ragged rows", "a,b,label\n1,2,x\n1,2\n3,4,y\n", says: ["t.csv", "line 3"]),
    csv(
      "text where a number belongs", "a,b,label\n1,2,x\n1,oops,y\n3,4,y\n2,5,x\n7,9,y\n8,1,x\n",
      says: ["t.csv", "oops"]),
    csv(
      "no label column of that name", "a,b,label\n1,2,x\n1,3,y\n", ["--label-column", "lable"],
      says: ["lable", "did you mean \"label\"?"]),
    csv("a CSV of nothing", "", says: ["t.csv"]),
    csv("a CSV of one class", "a,label\n1,x\n2,x\n3,x\n4,x\n", says: ["single class"]),
    csv("a model for images on a table", "a,label\n1,x\n2,y\n3,x\n4,y\n", ["--model", "cnn"], says: ["cnn", "table"]),
    csv(
      "a column to deal by that is not there", "site,a,label\n1,1,x\n2,2,y\n1,3,x\n2,4,y\n",
      ["--partition", "column:sit"], says: ["\"sit\"", "did you mean \"site\"?"]),
    BadInput(
      name: "a table that is not there", arguments: ["simulate", "--data", "csv:none.csv"], says: ["none.csv"]),
  ]

  private static func yaml(_ name: String, _ text: String, says: [String]) -> BadInput {
    BadInput(name: name, arguments: ["simulate", "e.yaml"], says: says) { try $0.file("e.yaml", text: text) }
  }

  static let settings: [BadInput] = [
    yaml(
      "an unknown key in a file", "rounds: 2\nbatchsize: 4\n",
      says: ["batchsize", "line 2", "did you mean \"batch-size\"?"]),
    yaml(
      "an unknown value in a file", "algorithm: fedavgg\n", says: ["fedavgg", "did you mean \"fedavg\"?", "line 1"]),
    yaml("a value of the wrong kind in a file", "rounds: many\n", says: ["rounds takes a whole number", "\"many\""]),
    yaml("a file that is no YAML", "rounds: 'two\n", says: ["e.yaml is no YAML"]),
    BadInput(
      name: "a file that is not there", arguments: ["simulate", "none.yaml"], says: ["none.yaml cannot be read"]),
    usage("an unknown flag", ["--partion", "iid"], says: ["--partion", "did you mean --partition?"]),
    usage(
      "an unknown value of a flag", ["--optimizer", "adan"],
      says: ["--optimizer takes one of", "did you mean \"adam\"?"]),
    usage("an unknown model", ["--model", "cn"], says: ["\"cn\"", "did you mean \"cnn\"?"]),
    usage("an unknown partition", ["--partition", "dirichet:0.5"], says: ["did you mean \"dirichlet\"?"]),
    usage("an unknown aggregator", ["--aggregator", "medain"], says: ["\"medain\"", "did you mean \"median\"?"]),
    usage("half of the parties trimmed", ["--aggregator", "trimmed-mean:0.5"], says: ["but not 0.5"]),
    usage("an unknown validation", ["--validation", "partys:0.1"], says: ["did you mean \"parties\"?"]),
    usage("all kept for validation", ["--validation", "server:1"], says: ["between 0 and 1", "server:0.1"]),
    usage("an unknown schedule", ["--schedule", "cosin:3"], says: ["cosin", "cosine"]),
    usage("a flag without its value", ["--rounds"], says: ["--rounds"]),
    usage("a learning rate that is no number", ["--learning-rate", "fast"], says: ["--learning-rate takes a number"]),
    usage("zero parties", ["--parties", "0"], says: ["--parties takes a whole number of at least 1"]),
    usage("zero rounds", ["--rounds", "0"], says: ["--rounds takes"]),
    usage("two kinds of output", ["--json", "--quiet"], says: ["--json and --quiet"]),
    BadInput(
      name: "more parties than samples", arguments: ["simulate", "--parties", "5000"],
      says: ["5000 parties", "at most"]),
    BadInput(
      name: "a cohort larger than the parties", arguments: ["simulate", "--parties", "4", "--cohort", "5"],
      says: ["cohort of 5", "4"]),
    BadInput(
      name: "a target accuracy where there is none",
      arguments: ["simulate", "--data", "synthetic-linear", "--target-accuracy", "0.9"],
      says: ["target accuracy is for classes", "patience"]),
    BadInput(
      name: "local epochs without local steps", arguments: ["simulate", "--algorithm", "fedsgd", "--epochs", "3"],
      says: ["fedsgd", "3 epochs"]),
    BadInput(
      name: "a schedule without local steps",
      arguments: ["simulate", "--algorithm", "fedsgd", "--schedule", "step:2,0.5"], says: ["fedsgd", "step:2,0.5"]),
    BadInput(
      name: "an aggregator of models without models",
      arguments: ["simulate", "--algorithm", "fedsgd", "--aggregator", "median"], says: ["median", "fedsgd", "gd"]),
    BadInput(
      name: "learned weights of gradients",
      arguments: ["simulate", "--algorithm", "fedsgd", "--weighting", "learned"], says: ["learned", "fedsgd"]),
    BadInput(
      name: "learned weights of a median",
      arguments: ["simulate", "--aggregator", "median", "--weighting", "learned"], says: ["learned", "median"]),
    BadInput(
      name: "a step along no derivative", arguments: ["simulate", "--aggregation-rate", "0.1"],
      says: ["aggregation rate", "differentiable-averaging"]),
    BadInput(
      name: "an unknown command", arguments: ["simulat"], status: 64, says: ["simulat", "did you mean simulate?"]),
    BadInput(
      name: "an unknown dataset to fetch", arguments: ["data", "fetch", "mnits"], status: 64, says: ["mnits", "mnist"]),
  ]

  private static func usage(_ name: String, _ flags: [String], says: [String]) -> BadInput {
    BadInput(name: name, arguments: ["simulate"] + flags, status: 64, says: says)
  }

  static let runs: [BadInput] = [
    BadInput(
      name: "an output directory that is a file", arguments: ["simulate", "--output", "taken"], says: ["taken", "file"]
    ) { try $0.file("taken", text: "") },
    BadInput(
      name: "an output directory under a file", arguments: ["simulate", "--output", "taken/out"], says: ["taken/out"]
    ) { try $0.file("taken", text: "") },
    BadInput(
      name: "an output directory that cannot be made", arguments: ["simulate", "--output", "/proc/fluxion"],
      says: ["/proc/fluxion"]),
  ]

  private static func comparison(
    _ name: String, _ arguments: [String], _ text: String = "", status: Int32 = 1, says: [String]
  ) -> BadInput {
    BadInput(name: "comparing " + name, arguments: ["compare"] + arguments, status: status, says: says) {
      try $0.file("c.yaml", text: text)
      try $0.file("d.yaml", text: "partition: iid\nseed: 3\n")
    }
  }

  static let comparisons: [BadInput] = [
    comparison("nothing", [], status: 64, says: ["nothing to compare", "--algorithms"]),
    comparison("one run", ["d.yaml"], says: ["at least two runs"]),
    comparison(
      "an unknown algorithm", ["--algorithms", "fedavg,fedsdg"], status: 64,
      says: ["--algorithms: algorithm takes one of", "did you mean \"fedsgd\"?"]),
    comparison(
      "seeds that are none", ["--algorithms", "fedavg,fedsgd", "--seeds", "1,two"], status: 64,
      says: ["--seeds takes whole numbers", "\"1,two\""]),
    comparison(
      "seeds and a seed", ["d.yaml", "--seeds", "1,2", "--seed", "1"], status: 64, says: ["--seeds and --seed"]),
    comparison(
      "files of different seeds", ["c.yaml", "d.yaml"], "rounds: 2\n", says: ["seed 0", "\"d\" has 3"]),
    comparison(
      "files of different partitions", ["c.yaml", "d.yaml"], "seed: 3\nrounds: 2\n",
      says: ["\"c\" has partition shards:2 and \"d\" has iid"]),
    comparison(
      "variants and algorithms", ["c.yaml", "--algorithms", "fedavg,fedsgd"], "variants: [{ name: a }]\n", status: 64,
      says: ["c.yaml has variants of its own"]),
    comparison(
      "an unknown key", ["c.yaml"], "variants:\n  - { name: a, epoch: 2 }\n",
      says: ["epoch", "line 2", "did you mean \"epochs\"?"]),
    comparison("a file that is not there", ["none.yaml"], says: ["none.yaml cannot be read"]),
    comparison(
      "into a file", ["c.yaml", "-o", "d.yaml"], "variants: [{ name: a }, { name: b, epochs: 2 }]\n",
      says: ["d.yaml is a file"]),
  ]
}
