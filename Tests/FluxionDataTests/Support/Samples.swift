import FluxionCalculus
import FluxionData
import Foundation
import Testing

/// Datasets that several suites use.
enum Samples {
  /// `count` samples of one feature, their own position; classes of uneven size, dealt over the positions without
  /// a pattern; a column "hospital" of seven values.
  static func table(count: Int, classes: Int = 10) throws -> Dataset {
    var draws = RandomKey(seed: 99).folding("table").generator()
    let labels = (0..<count).map { _ in
      Int32(min(Int(draws.nextUniform() * draws.nextUniform() * Float(classes)), classes - 1))
    }
    let hospitals = (0..<count).map { _ in Int32(draws.nextUniform() * 7) }
    return try Dataset(
      name: "table", features: FeatureStorage((0..<count).map { Float($0) }), exampleShape: [1],
      targets: .classes(labels: labels, classCount: classes),
      columns: [
        Column(name: "position", features: 0..<1),
        Column(
          name: "hospital", features: 1..<1,
          categories: Column.Categories(names: ["A", "B", "C", "D", "E", "F", "G"], codes: hospitals)),
      ], labelColumn: "label", normalization: .identity)
  }

  static func regression(count: Int) throws -> Dataset {
    try Dataset(
      name: "line", features: (0..<count).map { Float($0) }, exampleShape: [1],
      targets: .values((0..<count).map { Float($0) }))
  }
}

/// The error that `body` throws; nil when it throws none or another kind.
func fluxionError<Result>(_ body: () throws -> Result) -> FluxionError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? FluxionError
  }
}

/// An empty directory that is removed after `body`.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let directory = try makeTemporaryDirectory()
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try body(directory)
}

func makeTemporaryDirectory() throws -> String {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  return directory.path
}

/// Where the real MNIST is on this machine, if it is: `FLUXION_DATA` or beside the checkout.
let realMNIST: String? = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  let given = ProcessInfo.processInfo.environment["FLUXION_DATA"].map { [$0, $0 + "/mnist"] } ?? []
  return (given + [root.appendingPathComponent("../shared/data/mnist").path]).first(where: Dataset.isImageDirectory)
}()
