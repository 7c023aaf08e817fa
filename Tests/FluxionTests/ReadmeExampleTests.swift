import Fluxion
import Foundation
import Testing

@Suite("The README")
struct ReadmeExampleTests {
  /// The README's example, word for word between the markers, so that it is known to compile.
  func example(path: String) async throws {
    // example begins
    let model = Model {
      Conv2D(filters: 32, kernel: 5, padding: .same); ReLU(); MaxPool2D(2)
      Conv2D(filters: 64, kernel: 5, padding: .same); ReLU(); MaxPool2D(2)
      Flatten(); Dense(512); ReLU(); Dense(10)
    }
    let task = LearningTask(model, loss: .softmaxCrossEntropy, metrics: [.accuracy])
    let parties = try Dataset.mnist(at: path).partitioned(.shards(perParty: 2), parties: 10, seed: 7)
    let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32))
    for try await round in Simulation(task, algorithm, parties).rounds(20) { print(round) }
    // example ends
  }

  @Test("shows the example that this file compiles")
  func sameText() throws {
    let page = try Repository.text("README.md")
    let block = try #require(page.between("```swift\n", "```"))
    let file = try Repository.text("Tests/FluxionTests/ReadmeExampleTests.swift")
    let source = try #require(file.between("// example begins\n", "    // example ends"))
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(4) }
    #expect(block == "import Fluxion\n\n" + lines.joined(separator: "\n"))
  }

  @Test("has an example that learns, here with a smaller model on the bundled digits")
  func learns() async throws {
    let model = Model {
      Conv2D(filters: 4, kernel: 3, padding: .same); ReLU(); MaxPool2D(2)
      Flatten(); Dense(16); ReLU(); Dense(10)
    }
    let task = LearningTask(model, loss: .softmaxCrossEntropy, metrics: [.accuracy])
    let parties = try Dataset.digits().split(testFraction: 0.2, seed: 7)
      .partitioned(.shards(perParty: 2), parties: 10, seed: 7)
    let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32))
    var losses: [Double] = []
    for try await round in Simulation(task, algorithm, parties).rounds(5) {
      losses.append(try #require(round.testLoss))
    }
    #expect(losses.count == 5)
    let (first, last) = (try #require(losses.first), try #require(losses.last))
    #expect(last < first)
  }

  @Test("names every flag, and the page about experiments every key", arguments: Experiment.settings.map(\.name))
  func settings(_ name: String) throws {
    let flag = try #require(Experiment.setting(named: name)).flag
    #expect(try Repository.text("README.md").contains("`--\(flag)`"))
    #expect(try Repository.text("docs/experiments.md").contains("| `\(name)` |"))
  }
}

@Suite("The examples")
struct ExampleFileTests {
  @Test("can be read", arguments: ["digits", "mnist-noniid", "linear-devices"])
  func reads(_ name: String) throws {
    let experiment = try Experiment(yaml: Repository.text("Examples/\(name).yaml"), name: name)
    #expect(experiment != Experiment())
    #expect(try Experiment(yaml: experiment.yaml) == experiment)
  }
}

/// The files of this repository.
enum Repository {
  static func text(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }
}

extension String {
  /// What stands between the first `start` and the next `end`.
  func between(_ start: String, _ end: String) -> String? {
    guard let begin = range(of: start), let finish = range(of: end, range: begin.upperBound..<endIndex) else {
      return nil
    }
    return String(self[begin.upperBound..<finish.lowerBound])
  }
}
