import FluxionCalculus
import FluxionLearning
import Testing

@Suite("Step programs")
struct StepProgramTests {
  let task = LearningTask(.logistic(classes: 3), loss: .softmaxCrossEntropy, metrics: [.accuracy])

  @Test("plain SGD traces to exactly w − lr·g a parameter")
  func sgdIsOneSubtraction() throws {
    let step = try task.stepProgram(batchSize: 2, input: [4], optimizer: .sgd(learningRate: 0.5))
    let program = step.program
    for (parameter, output) in step.inPlace {
      let subtraction = program.instructions[program.outputs[output] - program.inputs.count]
      #expect(subtraction.operation == .binary(.subtract))
      #expect(subtraction.operands[0] == parameter)
      let product = program.instructions[subtraction.operands[1] - program.inputs.count]
      #expect(product.operation == .binary(.multiply))
      #expect(product.operands[0] == step.inputs.hyperparameters.lowerBound)
    }
    #expect(step.inPlace.count == 2)
    #expect(program.inputs.map(\.name) == ["dense_1.weight", "dense_1.bias", "x", "y", "learningRate"])
  }

  @Test("compiled, a plain step updates weights within the kernels of their gradients, and computes what Double does")
  func compiled() throws {
    let task = LearningTask(.mlp(hidden: [8], classes: 3), loss: .softmaxCrossEntropy)
    let step = try task.stepProgram(batchSize: 4, input: [5], optimizer: .sgd(learningRate: 0.5))
    let executable = try Executable(step.program, inPlace: step.inPlace)
    let gradient = try Executable(try task.gradientProgram(batchSize: 4, input: [5]).program)
    // One more for each of the two biases.
    #expect(executable.kernelCount <= gradient.kernelCount + 2)
    let start = try task.initialParameters(input: [5], key: RandomKey(seed: 3))
    var values = start.layout.entries.map { TensorValue(Array(start.values[$0.range]), shape: $0.shape) }
    values.append(TensorValue(someNumbers([4, 5], 0).elements.map(Float.init), shape: [4, 5]))
    values += [TensorValue([0, 2, 1, 1] as [Int32], shape: [4]), TensorValue(0.5)]
    let exact = try step.program.evaluateReference(
      values.map { value in
        value.type.element == .int32
          ? ReferenceValue(value.integers.map(Double.init), value.shape, .int32)
          : ReferenceValue(value.floats.map(Double.init), value.shape)
      })
    for (actual, expected) in zip(try executable(values), exact) {
      expectClose(actual.floats.map(Double.init), expected.elements, absolute: 1e-6, relative: 1e-5)
    }
  }

  @Test("a step from zero moves the bias by the learning rate times the mean residual")
  func sgdByHand() throws {
    let step = try task.stepProgram(batchSize: 2, input: [1], optimizer: .sgd(learningRate: 0.5))
    let outputs = try step.program.evaluateReference([
      ReferenceValue([0, 0, 0], [1, 3]), ReferenceValue([0, 0, 0], [3]), ReferenceValue([1, -1], [2, 1]),
      ReferenceValue([0, 2], [2], .int32), ReferenceValue([0.5], .scalar),
    ])
    let bias = outputs[1].elements
    for (actual, expected) in zip(bias, [1.0 / 12, -1.0 / 6, 1.0 / 12]) { #expect(abs(actual - expected) < 1e-7) }
    #expect(abs((outputs[step.lossOutput].scalar ?? 0) - 2 * 1.0986122886681098) < 1e-12)
  }
}
