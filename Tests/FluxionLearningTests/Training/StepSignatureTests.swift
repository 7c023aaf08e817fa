import FluxionCalculus
import FluxionLearning
import Testing

@Suite("Step signatures")
struct StepSignatureTests {
  private static func step(
    _ optimizer: Optimizer = .adam(learningRate: 0.1), _ objective: Objective = Objective(), dropout: Bool = false
  ) throws -> StepProgram {
    let model = Model {
      Dense(3)
      ReLU()
      if dropout { Dropout(0.5) }
      Dense(2)
    }
    return try LearningTask(model, loss: .softmaxCrossEntropy)
      .stepProgram(batchSize: 4, input: [5], optimizer: optimizer, objective: objective)
  }

  @Test("a program and its signature make the step again")
  func again() throws {
    for step in [
      try Self.step(), try Self.step(.sgd(learningRate: 0.1)), try Self.step(.momentum(learningRate: 0.1), .l2(0.5)),
      try Self.step(.sgd(learningRate: 0.1), .l2(0.5) + .proximal(0.1)), try Self.step(dropout: true),
    ] {
      let made = try StepProgram(step.program, try step.signature())
      #expect(made.parameters == step.parameters)
      #expect(made.state == step.state)
      #expect(made.hyperparameters == step.hyperparameters)
      #expect(made.batchSize == step.batchSize)
      #expect(made.inputs.x == step.inputs.x && made.inputs.y == step.inputs.y && made.inputs.key == step.inputs.key)
      #expect(made.inputs.hyperparameters == step.inputs.hyperparameters)
      #expect(made.inputs.terms.filter { !$0.isEmpty } == step.inputs.terms.filter { !$0.isEmpty })
    }
  }

  @Test("a program that is no step of the signature is refused")
  func misfits() throws {
    let step = try Self.step(dropout: true)
    let good = try step.signature()
    let changes: [(inout StepSignature) -> Void] = [
      { $0.parameterCount = 0 }, { $0.parameterCount = 3 }, { $0.parameterCount = .max }, { $0.parameterCount = -1 },
      { $0.stateFills = [] }, { $0.stateFills.append(0) }, { $0.hasTargets = false }, { $0.hasKey = false },
      { $0.hasAnchors = true }, { $0.hyperparameters = [] }, { $0.hyperparameters.removeLast() },
    ]
    for change in changes {
      var signature = good
      change(&signature)
      #expect(throws: FluxionError.self) { try StepProgram(step.program, signature) }
    }
    let other = try Program.trace([.input("w", [3])]) { [($0[0] * $0[0]).sum()] }
    #expect(throws: FluxionError.self) { try StepProgram(other, good) }
  }
}
