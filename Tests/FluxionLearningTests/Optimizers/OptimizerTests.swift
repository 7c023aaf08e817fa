import FluxionCalculus
import FluxionLearning
import FluxionTesting
import Foundation
import Testing

struct OptimizerGolden: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let hyperparameters: [String: Double]
  let parameters: [[Double]]

  var testDescription: String { name }

  struct File: Decodable {
    let start: [Double]
    let gradients: [[Double]]
    let optimizers: [OptimizerGolden]
  }

  static let file = try? golden("optimizers", File.self)
}

/// Steps of an optimiser on given gradients, in the reference interpreter: parameters as tensors `[2]` and `[4]`.
struct OptimizerRun {
  let optimizer: Optimizer
  let shapes: [Shape]
  let state: [StateSpec]
  let program: Program

  init(_ optimizer: Optimizer, shapes: [Shape] = [[2], [4]]) throws {
    self.optimizer = optimizer
    self.shapes = shapes
    let parameters = shapes.enumerated().map { Program.Input("w\($0.offset)", TensorType($0.element)) }
    let state = optimizer.transform.initialState(for: parameters)
    self.state = state
    let inputs =
      parameters + state.map { .input($0.name, $0.shape) } + parameters.map { .init("g." + $0.name, $0.type) }
      + optimizer.hyperparameters.map { .input($0.name, .scalar) }
    program = try Program.trace(inputs) { tensors in
      let (w, rest) = (Array(tensors.prefix(shapes.count)), tensors.dropFirst(shapes.count))
      let hyper = HyperparameterTensors(
        optimizer.hyperparameters, Array(rest.dropFirst(state.count + shapes.count)))
      let (updates, next) = optimizer.transform.update(
        Array(rest.dropFirst(state.count).prefix(shapes.count)), state: Array(rest.prefix(state.count)), parameters: w,
        hyper: hyper)
      return zip(w, updates).map { $0 - $1 } + next
    }
  }

  /// The parameters after each step.
  func trajectory(_ start: [Double], _ gradients: [[Double]], _ values: [String: Double] = [:]) throws -> [[Double]] {
    func split(_ elements: [Double]) -> [ReferenceValue] {
      var unused = elements[...]
      return shapes.map { shape in
        defer { unused = unused.dropFirst(shape.count) }
        return ReferenceValue(Array(unused.prefix(shape.count)), shape)
      }
    }
    let hyper = optimizer.hyperparameters.map { ReferenceValue([values[$0.name] ?? Double($0.value)], .scalar) }
    var carried = split(start) + state.map { ReferenceValue(repeating: Double($0.fill), TensorType($0.shape)) }
    return try gradients.map { gradient in
      carried = try program.evaluateReference(carried + split(gradient) + hyper)
      return carried.prefix(shapes.count).flatMap(\.elements)
    }
  }
}

@Suite("Optimisers")
struct OptimizerTests {
  /// The golden's name, and the optimiser it is of.
  static let rows: [(String, Optimizer)] = [
    ("sgd", .sgd(learningRate: 0.1)),
    ("sgd", .gradientDescent(learningRate: 0.1)),
    ("momentum", .momentum(learningRate: 0.1)),
    ("nesterov", .nesterov(learningRate: 0.1)),
    ("sgd-weight-decay", .sgd(learningRate: 0.1).with(weightDecay: 0.01)),
    ("momentum-weight-decay", .momentum(learningRate: 0.1).with(weightDecay: 0.01)),
    ("adam", .adam(learningRate: 0.01)),
    ("adamw", .adamW(learningRate: 0.01)),
    ("rmsprop", .rmsProp(learningRate: 0.01)),
    ("rmsprop-momentum", .rmsProp(learningRate: 0.01, momentum: 0.9)),
    ("adagrad", .adagrad(learningRate: 0.1)),
    ("adams-bashforth", .adamsBashforth(learningRate: 0.1)),
    ("sgd-clip-global-norm", .sgd(learningRate: 0.1).with(clipNorm: 1)),
    ("sgd-clip-value", .sgd(learningRate: 0.1).with(clipValue: 0.5)),
  ]

  @Test("agree with PyTorch and optax for ten steps", arguments: rows)
  func goldens(_ name: String, _ optimizer: Optimizer) throws {
    let file = try #require(OptimizerGolden.file)
    let row = try #require(file.optimizers.first { $0.name == name })
    var values = row.hyperparameters
    values["clipNorm"] = values.removeValue(forKey: "maximumNorm")
    values["clipValue"] = values.removeValue(forKey: "maximumValue")
    values["initialAccumulator"] = nil
    // Every number of the golden is one of the optimiser, of the same default.
    for (name, value) in values { expectClose([Double(optimizer[name] ?? .nan)], [value], relative: 1e-6, name) }
    #expect(values.count == optimizer.hyperparameters.count)
    let trajectory = try OptimizerRun(optimizer).trajectory(file.start, file.gradients, values)
    for (step, (actual, expected)) in zip(trajectory, row.parameters).enumerated() {
      expectClose(actual, expected, relative: 1e-10, "\(name) after step \(step)")
    }
  }

  @Test("do so in single precision, compiled, within the goldens' tolerance", arguments: rows)
  func compiled(_ name: String, _ optimizer: Optimizer) throws {
    let file = try #require(OptimizerGolden.file)
    let row = try #require(file.optimizers.first { $0.name == name })
    let run = try OptimizerRun(optimizer, shapes: [[6]])
    let executable = try Executable(
      run.program, inPlace: (0...run.state.count).map { ($0, $0) })
    let hyper = optimizer.hyperparameters.map { TensorValue($0.value) }
    var carried = [TensorValue(file.start.map(Float.init), shape: [6])]
    carried += run.state.map { TensorValue([Float](repeating: $0.fill, count: $0.shape.count), shape: $0.shape) }
    for (step, gradient) in file.gradients.enumerated() {
      carried = try executable(carried + [TensorValue(gradient.map(Float.init), shape: [6])] + hyper)
      expectClose(
        carried[0].floats.map(Double.init), row.parameters[step], absolute: 1e-5, relative: 1e-4,
        "\(name) after step \(step)")
    }
  }

  @Test("cover every row of the goldens")
  func coverage() throws {
    let names = try #require(OptimizerGolden.file).optimizers.map(\.name)
    #expect(Set(names) == Set(Self.rows.map(\.0)))
  }

  @Test(
    "without golden follow their formulas",
    arguments: [
      Optimizer.yogi(learningRate: 0.01), try? ServerOptimizer.named("adam").optimizer,
      try? ServerOptimizer.named("yogi:0.02,tau=0.01").optimizer, try? ServerOptimizer.named("adagrad").optimizer,
    ].compactMap { $0 })
  func formulas(_ optimizer: Optimizer) throws {
    let file = try #require(OptimizerGolden.file)
    let rate = Double(optimizer["learningRate"] ?? .nan)
    let (beta1, beta2) = (Double(optimizer["beta1"] ?? 0), Double(optimizer["beta2"] ?? 0))
    let epsilon = Double(optimizer["epsilon"] ?? .nan)
    let isYogi = optimizer.name.hasSuffix("yogi")
    var w = file.start
    var m = [Double](repeating: 0, count: 6)
    let tau = optimizer["epsilon"] ?? .nan
    var v = [Double](repeating: optimizer.name == "yogi" ? Double(Float(1e-6)) : Double(tau * tau), count: 6)
    let trajectory = try OptimizerRun(optimizer).trajectory(file.start, file.gradients)
    for (t, g) in file.gradients.enumerated() {
      for i in 0..<6 {
        let square = g[i] * g[i]
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        if isYogi {
          v[i] -= (1 - beta2) * square * (v[i] > square ? 1 : v[i] < square ? -1 : 0)
        } else {
          v[i] = optimizer.name == "fedadagrad" ? v[i] + square : beta2 * v[i] + (1 - beta2) * square
        }
        let isCorrected = optimizer.name == "yogi"
        let (a, b) = isCorrected ? (1 - pow(beta1, Double(t + 1)), 1 - pow(beta2, Double(t + 1))) : (1, 1)
        w[i] -= rate * (m[i] / a) / ((v[i] / b).squareRoot() + epsilon)
      }
      expectClose(trajectory[t], w, relative: 1e-9, "\(optimizer.name) after step \(t)")
    }
  }

  @Test("add a subgradient of the L1 norm, 0 at 0")
  func l1() throws {
    let run = try OptimizerRun(.sgd(learningRate: 0.5).with(l1: 0.25), shapes: [[3]])
    expectClose(try run.trajectory([1, -1, 0], [[0, 0, 1]])[0], [0.875, -0.875, -0.5])
  }

  @Test("leave a gradient below the norm as it is, to the bit, also one of zeros")
  func unclipped() throws {
    let (clipped, plain) = (
      try OptimizerRun(.sgd(learningRate: 0.1).with(clipNorm: 0.7)), try OptimizerRun(.sgd(learningRate: 0.1))
    )
    let gradients = [[0.1, 0.2, -0.3, 0.1, 0.2, 0.3], [0, 0, 0, 0, 0, 0]]
    let start = [1.0, 2, 3, 4, 5, 6]
    #expect(try clipped.trajectory(start, gradients) == plain.trajectory(start, gradients))
  }

  @Test("have derivatives with respect to parameters, gradients and hyperparameters", arguments: rows.map(\.1))
  func differentiable(_ optimizer: Optimizer) throws {
    let run = try OptimizerRun(optimizer)
    let inputs = run.program.inputs.enumerated().map { index, input -> ReferenceValue in
      if let value = optimizer[input.name] { return ReferenceValue([min(max(Double(value), 0.01), 0.5)], .scalar) }
      // A few steps on; second moments are positive.
      if input.name == "adam.step" { return ReferenceValue([3], .scalar) }
      if input.name.contains("started") { return ReferenceValue([1], .scalar) }
      var value = someNumbers(input.type.shape, index)
      if run.state.contains(where: { $0.name == input.name }) { value.elements = value.elements.map { abs($0) + 0.5 } }
      return value
    }
    try GradientChecker().checkGradient(of: run.program, at: inputs)
  }

  @Test("add no instruction for a term that is not there")
  func absentTerms() throws {
    let plain = try OptimizerRun(.sgd(learningRate: 0.1)).program
    #expect(plain.instructions.map(\.operation.name) == ["multiply", "subtract", "multiply", "subtract"])
    #expect(try OptimizerRun(.sgd(learningRate: 0.1).with()).program == plain)
    #expect(try OptimizerRun(.sgd(learningRate: 0.1).with(weightDecay: 0, l1: 0)).program == plain)
    #expect(try OptimizerRun(.sgd(learningRate: 0.1).with(weightDecay: 0.1)).program.instructions.count == 8)
  }

  @Test("of AdamW keeps the place of its weight decay")
  func decoupled() throws {
    let optimizer = Optimizer.adamW().with(weightDecay: 0.3)
    #expect(optimizer["weightDecay"] == 0.3)
    #expect(optimizer.transform.transforms.count == Optimizer.adamW().transform.transforms.count)
  }
}

@Suite("Optimisers as text")
struct OptimizerTextTests {
  @Test(
    "are written and read back",
    arguments: [
      .sgd(learningRate: 0.1), .gradientDescent(learningRate: 0.1), .momentum(learningRate: 0.1, momentum: 0.5),
      .nesterov(learningRate: 0.1), .adam(), .adamW(weightDecay: 0.2), .yogi(), .rmsProp(momentum: 0.7), .rmsProp(),
      .adagrad(), .adamsBashforth(learningRate: 0.2),
      .sgd(learningRate: 0.1).with(weightDecay: 0.1, l1: 0.2, clipNorm: 3, clipValue: 4),
    ] as [Optimizer])
  func roundTrip(_ optimizer: Optimizer) throws {
    let read = try Optimizer.named("\(optimizer)")
    #expect(read.hyperparameters == optimizer.hyperparameters)
    #expect(try OptimizerRun(read).program == OptimizerRun(optimizer).program)
  }

  @Test("have one for every name")
  func names() throws {
    for name in Optimizer.names { #expect(try Optimizer.named(name).name == name) }
    for name in ServerOptimizer.names {
      let server = try ServerOptimizer.named(name)
      #expect(try ServerOptimizer.named("\(server)").description == "\(server)")
    }
    #expect(try Optimizer.named("sgd:0.5")["learningRate"] == 0.5)
  }

  @Test(
    "are refused with the nearest name or the reason",
    arguments: [
      ("adm", "\"adam\""), ("adam:beta=0.9", "\"beta1\""), ("sgd:-1", "not below 0"), ("sgd:fast", "a number"),
      ("momentum:0.1,momentum=1", "up to but not 1"), ("sgd:nan", "finite"), ("sgd:1,clipNorm=0", "positive"),
      ("sgd:1,weightDecay=-1", "not below 0"), ("sgd:1,2", "too many"), ("", "use one of sgd"),
      ("bfgs", "use one of sgd"),
    ])
  func refusals(_ text: String, _ part: String) {
    let message = message { try Optimizer.named(text) }
    #expect(message?.contains(part) == true, "\(message ?? "")")
  }

  @Test(
    "of servers are refused likewise",
    arguments: [("adan", "\"adam\""), ("fedadam", "averaging, "), ("averaging:1", "no arguments")])
  func serverRefusals(_ text: String, _ part: String) {
    let message = message { try ServerOptimizer.named(text) }
    #expect(message?.contains(part) == true, "\(message ?? "")")
  }
}
