import FluxionCalculus
import FluxionFederation
import FluxionLearning

/// A round of a small federation in `Double`, with tangents: the oracle for hypergradients.
struct ReferenceFederation {
  typealias Values = [ReferenceValue]

  struct Party {
    /// `x` and `y` of each local step.
    var batches: [(x: ReferenceValue, y: ReferenceValue)]
    var weight: Double
  }

  let step: TangentStepProgram
  let loss: GradientProgram
  let server: ServerStepProgram
  var parties: [Party]
  let start: Values
  let names: [String]

  /// - Parameter names: the hyperparameters to carry tangents of.
  init(
    _ task: LearningTask, input: Shape, local: LocalTraining, server: ServerOptimizer, tuned names: [String],
    parties: Int, steps: Int, batchSize: Int, classes: Int
  ) throws {
    step = try task.stepProgram(
      batchSize: batchSize, input: input, optimizer: local.optimizer, objective: local.objective
    ).carryingTangents(of: names)
    loss = try task.gradientProgram(batchSize: batchSize * steps, input: input)
    guard let server = try server.stepProgram(parameterCount: step.step.parameters.count) else {
      throw FluxionError(.invalidArgument, "the federation needs a server that steps")
    }
    self.server = server
    self.names = names
    let key = RandomKey(seed: 42)
    start = Self.split(
      try task.initialParameters(input: input, key: key).values.map(Double.init), step.step.parameters)
    self.parties = (0..<parties).map { party in
      let key = key.folding("party", party)
      let batches = (0..<steps).map { index in
        let key = key.folding("batch", index)
        let x = (0..<(batchSize * input.count)).map { Double(key.folding("x", $0).low) / 4294967296 * 2 - 1 }
        let y = (0..<batchSize).map { Double((Int(key.folding("y", $0).low) + party) % classes) }
        return (
          ReferenceValue(x, Shape([batchSize] + input.dimensions)), ReferenceValue(y, [batchSize], .int32)
        )
      }
      return Party(batches: batches, weight: Double(party + 1))
    }
  }

  /// `α_k`.
  func share(_ party: Int) -> Double { parties[party].weight / parties.reduce(0) { $0 + $1.weight } }

  static func split(_ flat: [Double], _ layout: ParameterLayout) -> Values {
    layout.entries.map { ReferenceValue(Array(flat[$0.offset..<($0.offset + $0.shape.count)]), $0.shape) }
  }

  static func inner(_ a: Values, _ b: Values) -> Double {
    zip(a, b).reduce(0) { $0 + zip($1.0.elements, $1.1.elements).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// Where a party's training ends, and the tangents of that.
  func train(_ party: Int, _ hyperparameters: [String: Double]) throws -> (model: Values, tangents: [Values]) {
    let inputs = step.step.inputs
    var values = step.program.inputs.map { ReferenceValue(repeating: 0, $0.type) }
    for (index, parameter) in zip(inputs.parameters, start) { values[index] = parameter }
    for (index, state) in zip(inputs.state, step.step.state) {
      values[index] = ReferenceValue(repeating: Double(state.fill), TensorType(state.shape))
    }
    for (index, hyperparameter) in zip(inputs.hyperparameters, step.step.hyperparameters) {
      values[index].elements = [hyperparameters[hyperparameter.name] ?? Double(hyperparameter.value)]
    }
    for term in inputs.terms {
      for (index, parameter) in zip(term, start) { values[index] = parameter }
    }
    for batch in parties[party].batches {
      values[inputs.x] = batch.x
      if let y = inputs.y { values[y] = batch.y }
      let results = try step.program.evaluateReference(values)
      for pair in step.inPlace { values[pair.input] = results[pair.output] }
    }
    return (
      inputs.parameters.map { values[$0] },
      names.indices.map { position in step.tangentInputs(position).prefix(start.count).map { values[$0] } }
    )
  }

  /// The mean loss of a party, and its gradient.
  func objective(_ party: Int, at model: Values) throws -> (loss: Double, gradient: Values) {
    var values = loss.program.inputs.map { ReferenceValue(repeating: 0, $0.type) }
    for (index, parameter) in zip(loss.inputs.parameters, model) { values[index] = parameter }
    let batches = parties[party].batches
    values[loss.inputs.x].elements = batches.flatMap { $0.x.elements }
    if let y = loss.inputs.y { values[y].elements = batches.flatMap { $0.y.elements } }
    let results = try loss.program.evaluateReference(values)
    return ((results[loss.lossOutput].scalar ?? .nan) / Double(loss.batchSize), Array(results[loss.gradientOutputs]))
  }

  /// `Σ α_k v_k`.
  func mean(_ values: [Values]) -> Values {
    start.indices.map { index in
      var sum = ReferenceValue(repeating: 0, start[index].type)
      for (party, value) in values.enumerated() {
        for position in sum.elements.indices {
          sum.elements[position] += share(party) * value[index].elements[position]
        }
      }
      return sum
    }
  }

  /// The inputs of the server's step from the mean of the parties' models.
  func serverInputs(_ mean: Values, learningRate: Double?) -> Values {
    let flat = start.flatMap(\.elements)
    let change = zip(flat, mean.flatMap(\.elements)).map { $0 - $1 }
    return [ReferenceValue(flat, [flat.count])]
      + server.state.map { ReferenceValue(repeating: Double($0.fill), TensorType($0.shape)) }
      + [ReferenceValue(change, [flat.count])]
      + server.hyperparameters.map {
        ReferenceValue([$0.name == "learningRate" ? learningRate ?? Double($0.value) : Double($0.value)], .scalar)
      }
  }

  /// The new global model.
  func stepped(_ mean: Values, learningRate: Double? = nil) throws -> Values {
    let results = try server.program.evaluateReference(serverInputs(mean, learningRate: learningRate))
    return Self.split(results[server.parametersOutput].elements, step.step.parameters)
  }

  /// `f'(x)` by the five-point formula.
  static func slope(at x: Double, step h: Double, _ f: (Double) throws -> Double) rethrows -> Double {
    (8 * (try f(x + h) - f(x - h)) - (try f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
  }
}
