package import FluxionCalculus

/// What has to be said beside its program for someone to take a training step who does not know the task.
///
/// The inputs of a step stand in one order, that of ``ProgramLayout``, so a few counts tell them apart. Shapes and names
/// are in the program.
package struct StepSignature: Hashable, Sendable {
  /// How many of the inputs are parameters.
  package var parameterCount: Int
  /// What each tensor of the optimiser's state is filled with before the first step.
  package var stateFills: [Float]
  package var hasTargets: Bool
  /// Whether the step draws random numbers.
  package var hasKey: Bool
  package var hyperparameters: [Hyperparameter]
  /// Whether the last inputs are the parameters that training began with, as a proximal term reads them.
  package var hasAnchors: Bool

  package init(
    parameterCount: Int, stateFills: [Float], hasTargets: Bool, hasKey: Bool, hyperparameters: [Hyperparameter],
    hasAnchors: Bool
  ) {
    self.parameterCount = parameterCount
    self.stateFills = stateFills
    self.hasTargets = hasTargets
    self.hasKey = hasKey
    self.hyperparameters = hyperparameters
    self.hasAnchors = hasAnchors
  }
}

extension StepProgram {
  /// The signature by which ``init(_:_:)`` makes the same step of ``program``.
  ///
  /// - Throws: ``FluxionError/Code/unsupported`` for objective terms that read more than one set of parameters.
  package func signature() throws -> StepSignature {
    let read = inputs.terms.filter { !$0.isEmpty }
    guard read.count <= 1, read.allSatisfy({ $0.count == inputs.parameters.count }) else {
      throw FluxionError(
        .unsupported, "a step that is sent reads one set of anchors at most; this one reads \(read.count)")
    }
    return StepSignature(
      parameterCount: inputs.parameters.count, stateFills: state.map(\.fill), hasTargets: inputs.y != nil,
      hasKey: inputs.key != nil, hyperparameters: hyperparameters, hasAnchors: !read.isEmpty)
  }

  /// A step from its program and signature, which may come from anywhere.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for a program that is no step of that signature.
  package init(_ program: Program, _ signature: StepSignature) throws {
    var groups = InputGroups(inputs: program.inputs)
    var layout = ProgramLayout()
    layout.parameters = try groups.take(signature.parameterCount, "parameters")
    layout.state = try groups.take(signature.stateFills.count, "the optimiser's state")
    layout.x = try groups.take(1, "x").lowerBound
    if signature.hasTargets { layout.y = try groups.take(1, "y").lowerBound }
    if signature.hasKey { layout.key = try groups.take(1, "key").lowerBound }
    layout.hyperparameters = try groups.take(signature.hyperparameters.count, "hyperparameters")
    if signature.hasAnchors { layout.terms = [try groups.take(signature.parameterCount, "anchors")] }
    guard groups.isEmpty else { throw Self.misfit("some inputs are neither parameters, state, batch nor scalars") }
    let types = program.inputs.map(\.type)
    guard !layout.parameters.isEmpty,
      (layout.parameters.map { $0 } + layout.state).allSatisfy({ types[$0].element == .float32 })
    else { throw Self.misfit("parameters and state are float32, and there is at least one parameter") }
    guard let batchSize = types[layout.x].shape.dimensions.first, batchSize >= 1, types[layout.x].element == .float32
    else {
      throw Self.misfit("x is float32 with a batch axis, not \(types[layout.x])")
    }
    if let y = layout.y, types[y].shape != [batchSize] || types[y].element == .uint8 {
      throw Self.misfit("y holds \(batchSize) labels or values, not \(types[y])")
    }
    if let key = layout.key, types[key] != TensorType([2], .int32) {
      throw Self.misfit("a key is int32[2], not \(types[key])")
    }
    guard layout.hyperparameters.allSatisfy({ types[$0] == TensorType(.scalar) }) else {
      throw Self.misfit("hyperparameters are float32 scalars")
    }
    guard layout.terms.allSatisfy({ types[$0].elementsEqual(types[layout.parameters]) }) else {
      throw Self.misfit("anchors have the parameters' types")
    }
    let results = Array(types[layout.parameters]) + types[layout.state] + [TensorType(.scalar)]
    guard program.outputTypes == results else {
      throw Self.misfit("its outputs are the new parameters, the new state and the loss, of the inputs' types")
    }
    let state = zip(layout.state, signature.stateFills).map {
      StateSpec(program.inputs[$0].name, types[$0].shape, fill: $1)
    }
    self.init(
      program: program, inputs: layout,
      parameters: try ParameterLayout(layout.parameters.map { (program.inputs[$0].name, types[$0].shape) }),
      state: state, hyperparameters: signature.hyperparameters, batchSize: batchSize)
  }

  private static func misfit(_ what: String) -> FluxionError {
    FluxionError(.corruptData, "the program is no training step of its signature: \(what)")
  }

  /// Inputs that are handed out group by group.
  private struct InputGroups {
    let inputs: [Program.Input]
    private var taken = 0

    init(inputs: [Program.Input]) { self.inputs = inputs }

    var isEmpty: Bool { taken == inputs.count }

    mutating func take(_ count: Int, _ what: String) throws -> Range<Int> {
      guard count >= 0, count <= inputs.count - taken else {
        throw StepProgram.misfit(
          "\(count) inputs for \(what) cannot be among the \(inputs.count - taken) that are left")
      }
      defer { taken += count }
      return taken..<(taken + count)
    }
  }
}
