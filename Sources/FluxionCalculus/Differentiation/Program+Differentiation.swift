extension Program {
  /// The gradient of a scalar output: same inputs, one output for each input named by `variables`.
  ///
  /// - Parameters:
  ///   - output: the position among the outputs; it must be a `float32` scalar.
  ///   - variables: positions among the inputs; every `float32` input unless given.
  public func gradient(of output: Int = 0, withRespectTo variables: [Int]? = nil) throws -> Program {
    try differentiated(variables) { inputs, variables in
      let y = try self(inputs).checked(output, "output")
      return FluxionCalculus.gradient(of: y, withRespectTo: variables)
    }
  }

  /// All outputs of the program, then the gradient of one of them.
  public func valueAndGradient(of output: Int = 0, withRespectTo variables: [Int]? = nil) throws -> Program {
    try differentiated(variables) { inputs, variables in
      let outputs = self(inputs)
      let y = try outputs.checked(output, "output")
      return outputs + FluxionCalculus.gradient(of: y, withRespectTo: variables)
    }
  }

  /// The VJP: inputs and one cotangent for each output ↦ outputs, then one cotangent for each variable.
  public func pullback(withRespectTo variables: [Int]? = nil) throws -> Program {
    try differentiated(variables, extra: { _ in cotangentInputs }) { inputs, variables in
      let outputs = self(Array(inputs.prefix(self.inputs.count)))
      return outputs
        + FluxionCalculus.pullback(
          of: outputs, withRespectTo: variables, cotangents: Array(inputs.dropFirst(self.inputs.count)))
    }
  }

  /// The JVP: inputs and one tangent for each variable ↦ outputs, then one tangent for each output.
  public func pushforward(withRespectTo variables: [Int]? = nil) throws -> Program {
    try differentiated(
      variables,
      extra: { variables in variables.map { Input("tangent." + inputs[$0].name, inputs[$0].type) } }
    ) { inputs, variables in
      let outputs = self(Array(inputs.prefix(self.inputs.count)))
      return outputs
        + FluxionCalculus.pushforward(
          of: outputs, withRespectTo: variables, tangents: Array(inputs.dropFirst(self.inputs.count)))
    }
  }

  private var cotangentInputs: [Input] {
    outputTypes.enumerated().map { Input("cotangent.\($0.offset)", $0.element) }
  }

  private func differentiated(
    _ variables: [Int]?, extra: ([Int]) -> [Input] = { _ in [] },
    _ body: (_ inputs: [Tensor], _ variables: [Tensor]) throws -> [Tensor]
  ) throws -> Program {
    let variables = variables ?? inputs.indices.filter { inputs[$0].type.element == .float32 }
    for variable in variables {
      guard inputs.indices.contains(variable), inputs[variable].type.element == .float32 else {
        throw FluxionError(
          .invalidArgument, "cannot differentiate with respect to input \(variable): it is no float32 input")
      }
    }
    return try Program.trace(inputs + extra(variables)) { tensors in
      try body(tensors, try variables.map { try tensors.checked($0, "input") })
    }
  }
}

extension Array<Tensor> {
  fileprivate func checked(_ index: Int, _ what: String) throws -> Tensor {
    guard indices.contains(index) else {
      throw FluxionError(.invalidArgument, "the program has no \(what) \(index), only \(count)")
    }
    return self[index]
  }
}
