import FluxionCalculus

/// The inputs of a training program as they are declared group by group, and the tensors of each while it is traced.
struct TraceInputs {
  private(set) var inputs: [Program.Input] = []
  private(set) var layout = ProgramLayout()
  let batchSize: Int
  let isTraining: Bool
  let hyperparameters: [Hyperparameter]

  init(
    _ task: LearningTask, batchSize: Int, input: Shape, parameters: ParameterLayout, state: [StateSpec] = [],
    readsTargets: Bool = true, isTraining: Bool = true, objective: Objective = Objective(),
    hyperparameters: [Hyperparameter] = []
  ) throws {
    guard batchSize > 0 else {
      throw FluxionError(.invalidArgument, "a batch has at least 1 example; it was given \(batchSize)")
    }
    self.batchSize = batchSize
    self.isTraining = isTraining
    self.hyperparameters = (hyperparameters + objective.terms.flatMap(\.hyperparameters)).uniqued()
    let tensors = parameters.entries.map { Program.Input($0.name, TensorType($0.shape)) }
    layout.parameters = append(tensors)
    layout.state = append(state.map { Program.Input($0.name, TensorType($0.shape)) })
    layout.x =
      append([Program.Input("x", TensorType(Shape([batchSize] + input.dimensions), task.inputElement))])
      .lowerBound
    if readsTargets {
      let target = try task.targetType(input: input)
      let type = TensorType(Shape([batchSize] + target.shape.dimensions), target.element)
      layout.y = append([Program.Input("y", type)]).lowerBound
    }
    if isTraining, task.model.isStochastic {
      layout.key = append([Program.Input("key", TensorType([2], .int32))]).lowerBound
    }
    layout.hyperparameters = append(self.hyperparameters.map { Program.Input($0.name, TensorType(.scalar)) })
    layout.terms = objective.terms.map { append($0.inputs(for: tensors)) }
  }

  private mutating func append(_ group: [Program.Input]) -> Range<Int> {
    defer { inputs += group }
    return inputs.count..<(inputs.count + group.count)
  }
}

/// The tensors of a trace, by what they stand for.
struct TraceTensors {
  let tensors: [Tensor]
  let declared: TraceInputs

  var parameters: [Tensor] { Array(tensors[declared.layout.parameters]) }
  var state: [Tensor] { Array(tensors[declared.layout.state]) }
  var x: Tensor { tensors[declared.layout.x] }
  var y: Tensor { declared.layout.y.map { tensors[$0] } ?? .invalid(FluxionError(.invalidArgument, "no targets")) }
  var key: Tensor? { declared.layout.key.map { tensors[$0] } }
  var hyper: HyperparameterTensors {
    HyperparameterTensors(declared.hyperparameters, Array(tensors[declared.layout.hyperparameters]))
  }

  /// The loss of each example, and the gradient of their mean plus the objective's terms.
  func lossesAndGradients(_ task: LearningTask, _ objective: Objective) -> (losses: Tensor, gradients: [Tensor]) {
    let parameters = self.parameters
    let context = LayerContext(isTraining: declared.isTraining, dropoutKey: key)
    let losses = task.loss(task.predictions(x, parameters, context), y)
    let share = Tensor.full(1 / Float(declared.batchSize), losses.shape)
    var gradients = pullback(of: [losses], withRespectTo: parameters, cotangents: [share])
    for (term, range) in zip(objective.terms, declared.layout.terms) {
      let extra = term.gradient(parameters: parameters, inputs: Array(tensors[range]), hyper: hyper)
      gradients = zip(gradients, extra).map { $0 + $1 }
    }
    return (losses, gradients)
  }
}
