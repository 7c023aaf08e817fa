import Foundation
@testable import FluxionCalculus
@testable import FluxionLearning

// One training step of each workload's model on one thread: median and best microseconds, samples a second, GFLOP/s,
// and per cent of the large matrix product measured in the same run. `FluxionBenchmark kernels` adds the time that
// every kernel of a step takes.

let showsKernels = CommandLine.arguments.contains("kernels")

/// Seconds of repeated runs, sorted.
func seconds(repeats: Int, _ body: () -> Void) -> [Double] {
  let clock = ContinuousClock()
  return (0..<repeats).map { _ in clock.measure(body) / .seconds(1) }.sorted()
}

func column(_ value: Double, _ digits: Int, _ width: Int) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let rounded = (value * scale).rounded() / scale
  let text = digits == 0 ? String(Int(rounded)) : String(rounded)
  return String(repeating: " ", count: max(width - text.count, 0)) + text
}

func fill(_ workspace: Workspace) {
  var generator = RandomKey(seed: 1).generator()
  for (index, input) in workspace.executable.program.inputs.enumerated() where input.type.element == .float32 {
    let values = workspace.pointer(input: index).assumingMemoryBound(to: Float.self)
    for position in 0..<input.type.shape.count { values[position] = (generator.nextUniform() - 0.5) * 0.1 }
  }
}

/// GFLOP/s of a product of two 1024 × 1024 matrices.
func ceiling() throws -> Double {
  let size = 1024
  let product = try Program.trace([.input("a", [size, size]), .input("b", [size, size])]) { [matmul($0[0], $0[1])] }
  let workspace = try Executable(product).makeWorkspace()
  fill(workspace)
  workspace.run()
  let times = seconds(repeats: 20) { workspace.run() }
  return 2 * Double(size * size * size) / times[times.count / 2] * 1e-9
}

/// - Parameters:
///   - flop: floating-point operations of a sample's forward and backward pass.
///   - isTuned: whether the step carries the tangent of its learning rate, which triples the operations.
func measure(
  _ name: String, _ model: Model, batch: Int, flop: Double, repeats: Int, ceiling: Double, isTuned: Bool = false
) throws {
  let step = try LearningTask(model, loss: .softmaxCrossEntropy).stepProgram(
    batchSize: batch, input: [28, 28, 1], optimizer: .sgd(learningRate: 0.05))
  let tuned = isTuned ? try step.carryingTangents(of: ["learningRate"]) : nil
  let workspace = try Executable(tuned?.program ?? step.program, inPlace: tuned?.inPlace ?? step.inPlace)
    .makeWorkspace()
  fill(workspace)
  workspace.run()
  let times = seconds(repeats: repeats) { workspace.run() }
  let median = times[times.count / 2]
  let rate = flop * Double(batch) / median * 1e-9
  let label = "\(name) \(batch)"
  print(
    label + String(repeating: " ", count: 14 - label.count), column(median * 1e6, 1, 11), column(times[0] * 1e6, 1, 11),
    column(Double(batch) / median, 0, 11), column(rate, 1, 9), column(100 * rate / ceiling, 0, 6))
  guard showsKernels else { return }
  for (kernel, time) in zip(workspace.executable.kernels, workspace.profile(repeats: max(repeats / 4, 3))) {
    print("    ", column(time * 1e6, 2, 10), type(of: kernel))
  }
}

if CommandLine.arguments.count > 3, let rounds = Int(CommandLine.arguments[2]), let threads = Int(CommandLine.arguments[3]) {
  try await scratch(CommandLine.arguments[1], rounds: rounds, threads: threads)
  exit(0)
}
let product = try ceiling()
print("1024 × 1024 matrix product: \(column(product, 1, 1)) GFLOP/s")
print("model batch      median µs     best µs   samples/s   GFLOP/s      %")
for batch in [10, 32, 128] {
  try measure("cnn", .cnn(classes: 10), batch: batch, flop: 72.5e6, repeats: 800 / batch, ceiling: product)
  try measure("mlp", .mlp(hidden: [200, 200], classes: 10), batch: batch, flop: 0.88e6, repeats: 2000, ceiling: product)
  try measure("logistic", .logistic(classes: 10), batch: batch, flop: 0.031e6, repeats: 20_000, ceiling: product)
}
try measure("cnn tuned", .cnn(classes: 10), batch: 32, flop: 3 * 72.5e6, repeats: 25, ceiling: product, isTuned: true)
try measure("logistic", .logistic(classes: 10), batch: 6, flop: 0.031e6, repeats: 20_000, ceiling: product)
