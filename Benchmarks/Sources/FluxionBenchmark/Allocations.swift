import CBenchmark
import Fluxion
import Foundation
@testable import FluxionCalculus

// Heap allocations beside the thresholds that are committed: training steps allocate nothing, and what a client and a
// round cost beside them does not grow unnoticed.

func checkAllocations() async throws {
  guard benchmark_allocations() >= 0 else { refuse("allocations can only be counted with the GNU C library") }
  guard let directory = ProcessInfo.processInfo.environment["FLUXION_THRESHOLDS"] ?? thresholdsDirectory() else {
    refuse("run it in the package Benchmarks, or name the directory of thresholds in FLUXION_THRESHOLDS")
  }
  let file = URL(filePath: directory).appending(path: "allocations.json")
  let thresholds = try JSONDecoder().decode([String: Double].self, from: Data(contentsOf: file))
  let measured = try await allocations()
  var isExceeded = false
  print("allocations                              measured  threshold")
  for (name, value) in measured {
    let threshold = thresholds[name]
    let verdict = threshold.map { value > $0 ? "EXCEEDED" : "" } ?? "NO THRESHOLD"
    isExceeded = isExceeded || !verdict.isEmpty
    print(
      name.padding(toLength: 38, withPad: " ", startingAt: 0), column(value, 3, 10),
      threshold.map { column($0, 3, 10) } ?? "         -", verdict)
  }
  if isExceeded { exit(1) }
}

private func thresholdsDirectory() -> String? {
  ["Thresholds", "Benchmarks/Thresholds"].first { FileManager.default.fileExists(atPath: $0) }
}

private func allocations() async throws -> [(name: String, value: Double)] {
  var rows: [(String, Double)] = []
  for model in StepRow.models {
    let workspace = try StepRow(model: model, batch: 10).workspace()
    rows.append(("a step of \(model.name), compiled", count(steps: 50) { workspace.run() }))
  }
  // As w3 and w2li, on generated images; a longer run of the same clients tells what more steps cost.
  let oneStep = try await allocationsOfRound(samples: 6, batch: 6, epochs: 1)
  let tenSteps = try await allocationsOfRound(samples: 60, batch: 6, epochs: 1)
  let twentySteps = try await allocationsOfRound(samples: 60, batch: 6, epochs: 2)
  let clients = Double(cohort)
  rows.append(("a client's further step", (tenSteps - oneStep) / (9 * clients)))
  rows.append(("a client's further epoch", (twentySteps - tenSteps) / clients))
  rows.append(("a client of one step, all told", oneStep / clients))
  return rows
}

private let cohort = 500

private func count(steps: Int, _ body: () -> Void) -> Double {
  body()
  let before = benchmark_allocations()
  for _ in 0..<steps { body() }
  return Double(benchmark_allocations() - before) / Double(steps)
}

/// Allocations of a steady round of a softmax regression, everything included: cohort, reports, aggregation, record.
private func allocationsOfRound(samples: Int, batch: Int, epochs: Int) async throws -> Double {
  let parties = 1000
  let pixels = (0..<parties * samples * 784).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) }
  let labels = (0..<parties * samples).map { Int32($0 % 10) }
  let dataset = try Dataset(
    name: "generated", pixels: pixels, exampleShape: [28, 28, 1], targets: .classes(labels: labels, classCount: 10))
  let simulation = Simulation(
    LearningTask(.logistic(classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy]),
    FederatedAveraging(local: .sgd(learningRate: 0.05, epochs: epochs, batchSize: batch)),
    try dataset.partitioned(.iid, parties: parties, seed: 1),
    SimulationConfiguration(threads: 2, cohort: .count(cohort), evaluateEvery: 0))
  var (before, counts): (Int64, [Int64]) = (0, [])
  for try await _ in simulation.rounds(20) {
    let now = benchmark_allocations()
    counts.append(now - before)
    before = now
  }
  // The first rounds make what the others use again; of the others the middle one.
  return Double(counts.dropFirst(5).sorted()[7])
}
