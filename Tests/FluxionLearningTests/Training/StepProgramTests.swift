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
