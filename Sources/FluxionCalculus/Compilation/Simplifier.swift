/// Rewrites a program into an equal one with less to compute: constants folded, identities removed, common
/// subexpressions shared, dead code dropped.
///
/// Results are equal but for the rounding of folded constants; NaN and infinities are preserved (nothing is ever
/// multiplied by zero away).
struct Simplifier {
  private let source: Program
  private var instructions: [Program.Instruction] = []
  private var known: [Key: Int] = [:]

  private struct Key: Hashable {
    let operation: Operation
    let operands: [Int]
  }

  private init(_ source: Program) { self.source = source }

  static func simplify(_ program: Program) throws(FluxionError) -> Program {
    var simplifier = Simplifier(program)
    var renamed = Array(program.inputs.indices)
    renamed.reserveCapacity(program.inputs.count + program.instructions.count)
    for instruction in program.instructions {
      renamed.append(try simplifier.emit(instruction.operation, instruction.operands.map { renamed[$0] }))
    }
    return simplifier.result(outputs: program.outputs.map { renamed[$0] })
  }

  /// The value of an operator over values: an existing one where a rule or an equal instruction gives it.
  mutating func emit(_ operation: Operation, _ operands: [Int]) throws(FluxionError) -> Int {
    if let value = try emitNormalized(operation, operands) { return value }
    switch rewrite(operation, operands) {
    case .value(let value): return value
    case .replaced(let operation, let operands): return try emit(operation, operands)
    case .unchanged: break
    }
    let key = Key(operation: operation, operands: operands)
    if let value = known[key] { return value }
    let type = try operation.resultType(of: operands.map(type(of:)))
    instructions.append(Program.Instruction(operation: operation, operands: operands, type: type))
    let value = source.inputs.count + instructions.count - 1
    known[key] = value
    return value
  }

  /// Forms that no kernel has, as a chain of those that one has.
  private mutating func emitNormalized(_ operation: Operation, _ operands: [Int]) throws(FluxionError) -> Int? {
    switch operation {
    case .reduce(let reduction, let axes, let keeping):
      // One run of neighbouring axes at a time, from the last.
      guard let split = axes.indices.dropFirst().last(where: { axes[$0] != axes[$0 - 1] + 1 }) else { return nil }
      let shape = type(of: operands[0]).shape
      let inner = try emit(.reduce(reduction, axes: Array(axes[split...]), keepingDimensions: true), operands)
      let outer = try emit(.reduce(reduction, axes: Array(axes[..<split]), keepingDimensions: true), [inner])
      return try emit(.reshape(shape.reducing(axes, keepingDimensions: keeping)), [outer])
    case .transpose where type(of: operands[0]).element == .uint8:
      // Bytes are exact as floats.
      let wide = try emit(operation, [try emit(.convert(.float32), operands)])
      return try emit(.convert(.uint8), [wide])
    case .select:
      // The backward pass of relu then max-pooling: the mask moves to the pooled side, which is smaller.
      guard let (window, x, g) = maskedPoolScatter(operands) else { return nil }
      let pooled = try emit(.maxPool2D(window), [x])
      let zero = try emit(.literal(Literal([0] as [Float], .scalar)), [])
      let mask = try emit(.binary(.less), [zero, pooled])
      return try emit(.maxPool2DScatter(window), [x, try emit(.select, [mask, g, zero])])
    default: return nil
    }
  }

  /// What is known about a value already emitted.
  func type(of value: Int) -> TensorType {
    value < source.inputs.count ? source.inputs[value].type : instructions[value - source.inputs.count].type
  }

  func definition(of value: Int) -> Program.Instruction? {
    value < source.inputs.count ? nil : instructions[value - source.inputs.count]
  }

  private func result(outputs: [Int]) -> Program {
    Program(inputs: source.inputs, instructions: instructions, outputs: outputs).withoutDeadCode()
  }
}

extension Program {
  /// Without the instructions that no output needs.
  func withoutDeadCode() -> Program {
    let inputCount = inputs.count
    var needed = [Bool](repeating: false, count: inputCount + instructions.count)
    for output in outputs { needed[output] = true }
    for index in instructions.indices.reversed() where needed[inputCount + index] {
      for operand in instructions[index].operands { needed[operand] = true }
    }
    var renamed = Array(0..<inputCount)
    var kept: [Program.Instruction] = []
    for (index, instruction) in instructions.enumerated() {
      renamed.append(inputCount + kept.count)
      guard needed[inputCount + index] else { continue }
      kept.append(
        Program.Instruction(
          operation: instruction.operation, operands: instruction.operands.map { renamed[$0] }, type: instruction.type))
    }
    return Program(inputs: inputs, instructions: kept, outputs: outputs.map { renamed[$0] })
  }
}

extension Program {
  /// An equal program with less to compute.
  public func simplified() throws -> Program { try Simplifier.simplify(self) }
}
