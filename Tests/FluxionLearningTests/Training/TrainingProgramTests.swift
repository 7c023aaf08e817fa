import FluxionCalculus
import FluxionLearning
import FluxionTesting
import Testing

@Suite("Training programs")
struct TrainingProgramTests {
  let task = LearningTask(
    Model {
      Dense(4); Tanh(); Dropout(0.25); Dense(3)
    }, loss: .softmaxCrossEntropy, metrics: [.accuracy])
  let regression = LearningTask(.linear(), loss: .meanSquaredError, metrics: [.rmse])

  /// Inputs of a program: labels count up, hyperparameters are small, the rest is random.
  private func inputs(_ program: Program, _ layout: ProgramLayout, classes: Int = 3) -> [ReferenceValue] {
    program.inputs.enumerated().map { index, input in
      if index == layout.key { return ReferenceValue([5, 6], [2], .int32) }
      if index == layout.y, input.type.element == .int32 {
        return ReferenceValue((0..<input.type.shape.count).map { Double($0 % classes) }, input.type.shape, .int32)
      }
      if layout.hyperparameters.contains(index) { return ReferenceValue([0.1], .scalar) }
      return someNumbers(input.type.shape, index)
    }
  }

  @Test("list their inputs group by group, in the order that is promised")
  func order() throws {
    let step = try task.stepProgram(
      batchSize: 6, input: [2], optimizer: .momentum(learningRate: 0.1), objective: .proximal(0.01) + .linear)
    let names = step.program.inputs.map(\.name)
    #expect(Array(names[step.inputs.parameters]) == step.parameters.entries.map(\.name))
    #expect(Array(names[step.inputs.state]) == step.parameters.entries.map { "momentum.\($0.name)" })
    #expect(names[step.inputs.x] == "x")
    #expect(step.inputs.y.map { names[$0] } == "y")
    #expect(step.inputs.key.map { names[$0] } == "key")
    #expect(Array(names[step.inputs.hyperparameters]) == ["momentum", "learningRate", "proximal"])
    #expect(step.hyperparameters.map(\.name) == ["momentum", "learningRate", "proximal"])
    #expect(step.inputs.terms.map(\.count) == [4, 4])
    #expect(names[step.inputs.terms[1].lowerBound] == "correction.dense_1.weight")
    #expect(step.inputs.terms[1].upperBound == names.count)
    #expect(step.program.outputs.count == 4 + 4 + 1)
    for (input, output) in step.inPlace {
      #expect(step.program.inputs[input].type == step.program.outputTypes[output])
    }
    #expect(step.inPlace.count == 8)
    #expect(step.program.outputTypes[step.lossOutput] == TensorType(.scalar))
    #expect(step.program.inputs[step.inputs.x].type == TensorType([6, 2]))
  }

  @Test("step along the gradient that finite differences of the mean loss give, and report the sum of the losses")
  func gradient() throws {
    let gradient = try task.gradientProgram(batchSize: 6, input: [2])
    let values = inputs(gradient.program, gradient.inputs)
    let outputs = try gradient.program.evaluateReference(values)
    let loss = try Program.trace(gradient.program.inputs) { [gradient.program($0)[0]] }
    let derivatives = try loss.gradient(withRespectTo: Array(gradient.inputs.parameters)).evaluateReference(values)
    try GradientChecker().checkGradient(of: loss, at: values, withRespectTo: Array(gradient.inputs.parameters))
    for (mean, sum) in zip(outputs[gradient.gradientOutputs], derivatives) {
      // 1/6 is a float32 constant.
      expectClose(mean.elements, sum.elements.map { $0 / 6 }, relative: 1e-7)
    }
    let step = try task.stepProgram(batchSize: 6, input: [2], optimizer: .sgd(learningRate: 0.1))
    let stepped = try step.program.evaluateReference(values + [ReferenceValue([0.1], .scalar)])
    #expect(stepped[step.lossOutput] == outputs[gradient.lossOutput])
    for ((before, after), slope) in zip(zip(values, stepped), outputs.dropFirst()) {
      expectClose(after.elements, zip(before.elements, slope.elements).map { $0 - 0.1 * $1 })
    }
  }

  @Test("evaluate every row by itself, without dropout and without a key")
  func evaluation() throws {
    let evaluation = try task.evaluationProgram(batchSize: 4, input: [2])
    #expect(evaluation.inputs.key == nil)
    #expect(evaluation.program.outputTypes == [TensorType([4, 3]), TensorType([4])])
    let values = inputs(evaluation.program, evaluation.inputs)
    let outputs = try evaluation.program.evaluateReference(values)
    let prediction = try task.predictionProgram(batchSize: 4, input: [2])
    #expect(prediction.lossOutput == nil)
    #expect(try prediction.program.evaluateReference(Array(values.dropLast()))[0] == outputs[0])
    let single = try task.evaluationProgram(batchSize: 1, input: [2])
    var first = values
    first[evaluation.inputs.x] = ReferenceValue(Array(values[evaluation.inputs.x].elements.prefix(2)), [1, 2])
    first[evaluation.inputs.x + 1] = ReferenceValue([0], [1], .int32)
    #expect(try single.program.evaluateReference(first)[1].elements == Array(outputs[1].elements.prefix(1)))
  }

  @Test("of one value predict and take targets without an axis for it")
  func oneValue() throws {
    let evaluation = try regression.evaluationProgram(batchSize: 4, input: [2])
    #expect(evaluation.program.outputTypes == [TensorType([4]), TensorType([4])])
    #expect(evaluation.inputs.y.map { evaluation.program.inputs[$0].type } == TensorType([4]))
    #expect(try regression.targetType(input: [2]) == TensorType(.scalar))
    #expect(try regression.predictionShape(input: [2]) == .scalar)
    #expect(try regression.metricAccumulator(input: [2]).width == 1)
    #expect(try task.metricAccumulator(input: [2]).width == 3)
  }

  @Test("read raw pixels as bytes if the task says so")
  func pixels() throws {
    let task = LearningTask(.linear(), loss: .meanSquaredError, inputElement: .uint8)
    let step = try task.stepProgram(batchSize: 2, input: [3], optimizer: .sgd(learningRate: 0.1))
    #expect(step.program.inputs[step.inputs.x].type == TensorType([2, 3], .uint8))
  }

  @Test(
    "add terms whose gradients are the derivatives of their values",
    arguments: [.l2(0.1), .proximal(0.1), .linear, .l2(0.2) + .proximal(0.3) + .linear] as [Objective])
  func terms(_ objective: Objective) throws {
    let parameters: [Program.Input] = [.input("a", [2, 2]), .input("b", [3])]
    let hyperparameters = objective.terms.flatMap(\.hyperparameters)
    for term in objective.terms {
      let inputs = parameters + term.inputs(for: parameters) + hyperparameters.map { .input($0.name, .scalar) }
      func program(_ body: ([Tensor], [Tensor], HyperparameterTensors) -> [Tensor]) throws -> Program {
        try Program.trace(inputs) { tensors in
          body(
            Array(tensors.prefix(2)), Array(tensors.dropFirst(2).prefix(term.inputs(for: parameters).count)),
            HyperparameterTensors(hyperparameters, Array(tensors.suffix(hyperparameters.count))))
        }
      }
      let value = try program { [term.value(parameters: $0, inputs: $1, hyper: $2)] }
      let gradient = try program { term.gradient(parameters: $0, inputs: $1, hyper: $2) }
      let point = inputs.enumerated().map { someNumbers($1.type.shape, $0) }
      try GradientChecker().checkGradient(of: value, at: point)
      for (actual, expected) in zip(
        try gradient.evaluateReference(point),
        try value.gradient(withRespectTo: [0, 1]).evaluateReference(point))
      { expectClose(actual.elements, expected.elements) }
    }
    let step = try regression.stepProgram(
      batchSize: 2, input: [2], optimizer: .sgd(learningRate: 0.1), objective: objective)
    let plain = try regression.stepProgram(batchSize: 2, input: [2], optimizer: .sgd(learningRate: 0.1))
    #expect(step.program.instructions.count > plain.program.instructions.count)
  }

  @Test("pull a step towards its anchor by the learning rate times the coefficient")
  func proximal() throws {
    let step = try regression.stepProgram(
      batchSize: 1, input: [1], optimizer: .sgd(learningRate: 0.5), objective: .proximal(0.2))
    // A perfect prediction: only the term moves the parameters.
    let outputs = try step.program.evaluateReference([
      ReferenceValue([2], [1, 1]), ReferenceValue([1], [1]), ReferenceValue([3], [1, 1]), ReferenceValue([7], [1]),
      ReferenceValue([0.5], .scalar), ReferenceValue([0.2], .scalar), ReferenceValue([1], [1, 1]),
      ReferenceValue([3], [1]),
    ])
    expectClose(outputs[0].elements, [2 - 0.5 * 0.2 * (2 - 1)])
    expectClose(outputs[1].elements, [1 - 0.5 * 0.2 * (1 - 3)])
    #expect(outputs[2].scalar == 0)
  }

  @Test("refuse batches without examples, losses without classes and hyperparameters out of bounds")
  func refusals() {
    let sgd = Optimizer.sgd(learningRate: 0.1)
    func failure(_ body: () throws -> Any, _ part: String) {
      let message = message(of: body)
      #expect(message?.contains(part) == true, "\(message ?? "")")
    }
    failure({ try task.stepProgram(batchSize: 0, input: [2], optimizer: sgd) }, "at least 1 example")
    failure({ try task.stepProgram(batchSize: .max, input: [2], optimizer: sgd) }, "cannot have type")
    failure({ try task.stepProgram(batchSize: 2, input: [], optimizer: sgd) }, "dense_1")
    failure({ try task.stepProgram(batchSize: 2, input: [2], optimizer: .sgd(learningRate: .nan)) }, "learningRate")
    failure({ try task.gradientProgram(batchSize: 2, input: [2], objective: .l2(-1)) }, "l2")
    let wrong = LearningTask(.linear(), loss: .softmaxCrossEntropy)
    failure({ try wrong.evaluationProgram(batchSize: 2, input: [2]) }, "softmax-cross-entropy")
  }
}

@Suite("Server optimisers")
struct ServerOptimizerTests {
  @Test("have nothing to compute for plain averaging")
  func averaging() throws {
    #expect(try ServerOptimizer.averaging.stepProgram(parameterCount: 4) == nil)
  }

  @Test("take the distance from the mean as a gradient: at rate 1, SGD is averaging")
  func sgd() throws {
    let step = try #require(try ServerOptimizer.named("sgd").stepProgram(parameterCount: 2))
    let outputs = try step.program.evaluateReference([
      ReferenceValue([3, 5], [2]), ReferenceValue([1, -2], [2]), ReferenceValue([1], .scalar),
    ])
    #expect(outputs[step.parametersOutput].elements == [2, 7])
  }

  @Test(
    "list parameters, state, pseudo-gradient and hyperparameters",
    arguments: [ServerOptimizer.momentum(), .adam(), .yogi(), .adagrad()])
  func order(_ server: ServerOptimizer) throws {
    let step = try #require(try server.stepProgram(parameterCount: 5))
    let names = step.program.inputs.map(\.name)
    #expect(names[step.parametersInput] == "parameters")
    #expect(Array(names[step.stateInputs]) == step.state.map(\.name))
    #expect(names[step.pseudoGradientInput] == "pseudoGradient")
    #expect(Array(names[step.hyperparameterInputs]) == step.hyperparameters.map(\.name))
    for (input, output) in step.inPlace {
      #expect(step.program.inputs[input].type == step.program.outputTypes[output])
    }
    #expect(step.stateOutputs.upperBound == step.program.outputs.count)
  }

  @Test("move as algorithm 2 of Reddi et al. says: the first step of FedAdam")
  func fedAdam() throws {
    let step = try #require(
      try ServerOptimizer.adam(learningRate: 0.5, beta1: 0.5, beta2: 0.75, tau: 0.5).stepProgram(parameterCount: 1))
    var inputs = [ReferenceValue([1], [1])]
    inputs += step.state.map { ReferenceValue(repeating: Double($0.fill), TensorType($0.shape)) }
    inputs += [ReferenceValue([2], [1])] + step.hyperparameters.map { ReferenceValue([Double($0.value)], .scalar) }
    // m = 0.5·2, v = 0.75·0.25 + 0.25·4
    let expected = 1 - 0.5 * 1 / ((0.75 * 0.25 + 1).squareRoot() + 0.5)
    expectClose(try step.program.evaluateReference(inputs)[0].elements, [expected])
  }
}
