extension Program {
  /// Records what `body` computes from the inputs.
  ///
  /// - Throws: the first error of an operator that was given shapes or types it does not take.
  public static func trace(
    _ inputs: [Input], _ body: ([Tensor]) throws -> [Tensor]
  ) throws -> Program {
    for input in inputs where !Operation.isBounded(input.type.shape) {
      throw FluxionError(
        .shapeMismatch,
        "input \"\(input.name)\" cannot have type \(input.type): an extent is negative or it is too large")
    }
    let placeholders = inputs.map { Tensor.placeholder($0.name, $0.type) }
    return try Program(inputs: placeholders, outputs: try body(placeholders))
  }

  /// Orders the expressions that the outputs need, each operand before its use.
  init(inputs: [Tensor], outputs: [Tensor]) throws {
    var indices: [ObjectIdentifier: Int] = [:]
    for (index, input) in inputs.enumerated() { indices[ObjectIdentifier(input.node)] = index }
    var instructions: [Instruction] = []
    // An explicit stack: expressions may be deeper than the thread's.
    var stack: [(node: Node, expanded: Bool)] = []
    for output in outputs {
      stack.append((output.node, false))
      while let (node, expanded) = stack.popLast() {
        if indices[ObjectIdentifier(node)] != nil { continue }
        switch node.source {
        case .invalid(let error): throw error
        case .input(let name):
          throw FluxionError(
            .invalidArgument, "the traced expression uses \"\(name)\", which is no input of this program")
        case .operation(let operation):
          if expanded {
            indices[ObjectIdentifier(node)] = inputs.count + instructions.count
            let operands = node.operands.compactMap { indices[ObjectIdentifier($0)] }
            instructions.append(Instruction(operation: operation, operands: operands, type: node.type))
          } else {
            stack.append((node, true))
            for operand in node.operands.reversed() { stack.append((operand, false)) }
          }
        }
      }
    }
    self.init(
      inputs: inputs.map { input in
        guard case .input(let name) = input.node.source else { return Input("", input.type) }
        return Input(name, input.type)
      },
      instructions: instructions,
      outputs: outputs.compactMap { indices[ObjectIdentifier($0.node)] })
  }

  /// The program as a function inside another trace: its instructions with `arguments` for its inputs.
  ///
  /// - Returns: the outputs; invalid tensors if the arguments do not have the inputs' types.
  public func callAsFunction(_ arguments: [Tensor]) -> [Tensor] {
    guard arguments.map(\.type) == inputs.map(\.type) else {
      let error =
        arguments.lazy.compactMap(\.error).first
        ?? FluxionError(
          .shapeMismatch,
          "a program of inputs \(inputs.map(\.type)) was applied to arguments \(arguments.map(\.type))")
      return outputs.map { _ in .invalid(error) }
    }
    var values = arguments
    values.reserveCapacity(inputs.count + instructions.count)
    for instruction in instructions {
      values.append(.apply(instruction.operation, instruction.operands.map { values[$0] }))
    }
    return outputs.map { values[$0] }
  }
}
