/// Instructions that one kernel executes.
struct Cluster {
  enum Kind {
    /// A loop over one shape that runs all members on a tile at a time.
    case elementwise
    /// `product (+ bias) (then relu)`: a matrix product or convolution with its epilogue.
    case product(Product)
    /// `w − rate · product`, written over `w`: a gradient and the step along it in one pass.
    case descent(Descent)
    /// One instruction.
    case single
    /// A value copied to an output's memory.
    case copy(output: Int)
  }

  struct Product {
    let product: Int
    let bias: Int?
    let relu: Bool
  }

  struct Descent {
    let product: Int
    let parameter: Int
    let rate: Int
  }

  var kind: Kind
  /// Values, increasing. All are instructions of the program.
  var members: [Int]
  /// Values read from memory: inputs, literals and results of other clusters, in order of first use.
  var reads: [Int] = []
  /// Values that are used outside and so written to memory, increasing.
  var writes: [Int] = []
}

/// A simplified program with what the compiler asks of it.
struct Dataflow {
  let program: Program
  /// For each value, the values that read it, increasing, once for each operand.
  let uses: [[Int]]
  let isOutput: [Bool]

  init(_ program: Program) {
    self.program = program
    let count = program.inputs.count + program.instructions.count
    var uses = [[Int]](repeating: [], count: count)
    for (index, instruction) in program.instructions.enumerated() {
      for operand in instruction.operands { uses[operand].append(program.inputs.count + index) }
    }
    var isOutput = [Bool](repeating: false, count: count)
    for output in program.outputs { isOutput[output] = true }
    self.uses = uses
    self.isOutput = isOutput
  }

  var values: Range<Int> { 0..<uses.count }

  func instruction(_ value: Int) -> Program.Instruction? {
    value < program.inputs.count ? nil : program.instructions[value - program.inputs.count]
  }

  func operation(_ value: Int) -> Operation? { instruction(value)?.operation }

  func operands(_ value: Int) -> [Int] { instruction(value)?.operands ?? [] }

  func type(_ value: Int) -> TensorType { program.type(of: value) }

  func shape(_ value: Int) -> Shape { program.type(of: value).shape }

  /// The one value that uses this one, where nothing else does.
  func onlyUse(_ value: Int) -> Int? {
    !isOutput[value] && uses[value].count == 1 ? uses[value][0] : nil
  }

  func isElementwise(_ value: Int) -> Bool {
    switch operation(value) {
    case .unary, .binary, .select: true
    default: false
    }
  }

  /// The number of a scalar literal.
  func scalarLiteral(_ value: Int) -> Float? {
    guard case .literal(let literal) = operation(value) else { return nil }
    return literal.scalar
  }

  /// A value whose memory is that of another: a reshape, or a slice that is one contiguous run.
  func view(_ value: Int) -> (of: Int, elementOffset: Int)? {
    guard let instruction = instruction(value) else { return nil }
    switch instruction.operation {
    case .reshape: return (instruction.operands[0], 0)
    case .slice(let starts, let sizes):
      let whole = shape(instruction.operands[0])
      // Contiguous if every axis after the first that is cut into several entries is taken whole.
      guard let first = sizes.firstIndex(where: { $0 != 1 }) else {
        return (instruction.operands[0], zip(starts, whole.strides).map { $0 * $1 }.reduce(0, +))
      }
      guard (first + 1..<sizes.count).allSatisfy({ sizes[$0] == whole[$0] }) else { return nil }
      return (instruction.operands[0], zip(starts, whole.strides).map { $0 * $1 }.reduce(0, +))
    default: return nil
    }
  }

  /// The dense number a value is, where it is a literal.
  func literal(_ value: Int) -> Literal? {
    guard case .literal(let literal) = operation(value) else { return nil }
    return literal
  }

  /// The value whose memory a value lies in, and how many elements in.
  func root(_ value: Int) -> (value: Int, elementOffset: Int) {
    var (value, offset) = (value, 0)
    while let view = view(value) { (value, offset) = (view.of, offset + view.elementOffset) }
    return (value, offset)
  }
}
