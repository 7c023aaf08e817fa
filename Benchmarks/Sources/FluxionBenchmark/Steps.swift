import CFluxionKernels
@testable import FluxionCalculus
@testable import FluxionLearning

// One training step of each workload's model on one thread: median and best microseconds, samples a second, GFLOP/s,
// and per cent of the large matrix product measured in the same run.

func measureSteps(showsKernels: Bool) throws {
  let product = try ceiling()
  print("kernels: \(String(cString: fx_path_name()))")
  print("1024 × 1024 matrix product: \(column(product, 1, 1)) GFLOP/s")
  print("model batch      median µs     best µs   samples/s   GFLOP/s      %")
  let rows = StepRow.models.flatMap { model in [10, 32, 128].map { StepRow(model: model, batch: $0) } }
  for row in rows + [StepRow(model: StepRow.models[2], batch: 6)] {
    try row.measure(ceiling: product, showsKernels: showsKernels)
  }
}

struct StepRow {
  struct Model {
    let name: String
    let model: FluxionLearning.Model
    /// Floating-point operations of a sample's forward and backward pass.
    let flop: Double
    let repeats: Int
  }

  static let models = [
    Model(name: "cnn", model: .cnn(classes: 10), flop: 72.5e6, repeats: 20),
    Model(name: "mlp", model: .mlp(hidden: [200, 200], classes: 10), flop: 0.88e6, repeats: 2000),
    Model(name: "logistic", model: .logistic(classes: 10), flop: 0.031e6, repeats: 20_000),
  ]

  let model: Model
  let batch: Int

  func workspace() throws -> Workspace {
    let step = try LearningTask(model.model, loss: .softmaxCrossEntropy).stepProgram(
      batchSize: batch, input: [28, 28, 1], optimizer: .sgd(learningRate: 0.05))
    let workspace = try Executable(step.program, inPlace: step.inPlace).makeWorkspace()
    fill(workspace)
    workspace.run()
    return workspace
  }

  func measure(ceiling: Double, showsKernels: Bool) throws {
    let workspace = try workspace()
    let times = seconds(repeats: model.name == "cnn" ? 800 / batch : model.repeats) { workspace.run() }
    let rate = model.flop * Double(batch) / times.middle * 1e-9
    let label = "\(model.name) \(batch)"
    print(
      label + String(repeating: " ", count: 14 - label.count), column(times.middle * 1e6, 1, 11),
      column(times[0] * 1e6, 1, 11), column(Double(batch) / times.middle, 0, 11), column(rate, 1, 9),
      column(100 * rate / ceiling, 0, 6))
    guard showsKernels else { return }
    for (kernel, time) in zip(workspace.executable.kernels, workspace.profile(repeats: max(model.repeats / 4, 5))) {
      print("    ", column(time * 1e6, 2, 10), type(of: kernel))
    }
  }
}

private func fill(_ workspace: Workspace) {
  var generator = RandomKey(seed: 1).generator()
  for (index, input) in workspace.executable.program.inputs.enumerated() where input.type.element == .float32 {
    let values = workspace.pointer(input: index).assumingMemoryBound(to: Float.self)
    for position in 0..<input.type.shape.count { values[position] = (generator.nextUniform() - 0.5) * 0.1 }
  }
}

/// GFLOP/s of a product of two 1024 × 1024 matrices.
private func ceiling() throws -> Double {
  let size = 1024
  let product = try Program.trace([.input("a", [size, size]), .input("b", [size, size])]) { [matmul($0[0], $0[1])] }
  let workspace = try Executable(product).makeWorkspace()
  fill(workspace)
  workspace.run()
  return 2 * Double(size * size * size) / seconds(repeats: 20) { workspace.run() }.middle * 1e-9
}
