/// Joins sums of matrix products that are much larger than what they are made of into one product, so that they are
/// written once and, where they are a step along a gradient, not at all:
///
///     w − Σ sᵢ Aᵢᵀ Bᵢ = w − [A₁; A₂; …]ᵀ [s₁ B₁; s₂ B₂; …]
///
/// Products that share a factor `A` are added up before: `s Aᵀ B + t Aᵀ C = Aᵀ (s B + t C)`. So the tangent of a dense
/// layer's step, `ẇ − (xᵀδ + η (xᵀδ̇ + ẋᵀδ))`, is one pass over its weights. Results differ by rounding.
struct ProductSums {
  private let flow: Dataflow
  private var instructions: [Program.Instruction] = []
  private var renamed: [Int]

  private struct Term {
    let product: Int
    /// Scalars to multiply with.
    let factors: [Int]
    let isNegative: Bool
  }

  static func joined(_ program: Program) throws(FluxionError) -> Program {
    var pass = ProductSums(Dataflow(program))
    return try pass.run()
  }

  private init(_ flow: Dataflow) {
    self.flow = flow
    renamed = Array(flow.program.inputs.indices)
  }

  private mutating func run() throws(FluxionError) -> Program {
    let inputCount = flow.program.inputs.count
    var hasJoined = false
    for value in flow.values.dropFirst(inputCount) {
      guard let instruction = flow.instruction(value) else { continue }
      if let groups = sum(subtractedBy: value) {
        renamed.append(try join(groups, subtractedBy: value))
        hasJoined = true
      } else {
        renamed.append(try emit(instruction.operation, instruction.operands.map { renamed[$0] }))
      }
    }
    guard hasJoined else { return flow.program }
    let outputs = flow.program.outputs.map { renamed[$0] }
    return Program(inputs: flow.program.inputs, instructions: instructions, outputs: outputs).withoutDeadCode()
  }

  private mutating func emit(_ operation: Operation, _ operands: [Int]) throws(FluxionError) -> Int {
    let inputs = flow.program.inputs
    let types = operands.map { $0 < inputs.count ? inputs[$0].type : instructions[$0 - inputs.count].type }
    instructions.append(
      Program.Instruction(operation: operation, operands: operands, type: try operation.resultType(of: types)))
    return inputs.count + instructions.count - 1
  }

  /// The terms of a sum of products that a value subtracts, by their first factor; nil where joining gains nothing.
  private func sum(subtractedBy value: Int) -> [[Term]]? {
    guard flow.operation(value) == .binary(.subtract), flow.shape(value).rank == 2,
      let terms = terms(of: flow.operands(value)[1], like: value, factors: [], isNegative: false), terms.count > 1
    else { return nil }
    var groups: [[Term]] = []
    for term in terms {
      let factor = flow.operands(term.product)[0]
      if let index = groups.firstIndex(where: { flow.operands($0[0].product)[0] == factor }) {
        groups[index].append(term)
      } else {
        groups.append([term])
      }
    }
    // What others need is computed for them anyway; it may not be computed a second time for the sum.
    guard groups.allSatisfy({ $0.contains { flow.onlyUse($0.product) != nil } }) else { return nil }
    let rows = groups.reduce(0) { $0 + flow.shape(flow.operands($1[0].product)[0])[0] }
    let shape = flow.shape(value)
    return 2 * rows * (shape[0] + shape[1]) <= shape.count ? groups : nil
  }

  private func terms(of value: Int, like root: Int, factors: [Int], isNegative: Bool) -> [Term]? {
    let operands = flow.operands(value)
    switch flow.operation(value) {
    case .matmul(transposeA: true, transposeB: false) where flow.shape(value) == flow.shape(root):
      return [Term(product: value, factors: factors, isNegative: isNegative)]
    case .binary(let binary) where flow.onlyUse(value) != nil && flow.shape(value) == flow.shape(root):
      switch binary {
      case .add, .subtract:
        guard operands.allSatisfy({ flow.shape($0) == flow.shape(root) }),
          let first = terms(of: operands[0], like: root, factors: factors, isNegative: isNegative),
          let second = terms(
            of: operands[1], like: root, factors: factors, isNegative: isNegative != (binary == .subtract))
        else { return nil }
        return first + second
      case .multiply:
        guard let scalar = operands.first(where: { flow.shape($0) == .scalar }),
          let other = operands.first(where: { $0 != scalar })
        else { return nil }
        return terms(of: other, like: root, factors: factors + [scalar], isNegative: isNegative)
      default: return nil
      }
    default: return nil
    }
  }

  private mutating func join(_ groups: [[Term]], subtractedBy value: Int) throws(FluxionError) -> Int {
    var (left, right) = ([Int](), [Int]())
    for group in groups {
      left.append(renamed[flow.operands(group[0].product)[0]])
      var sum: Int?
      for term in group {
        var scaled = renamed[flow.operands(term.product)[1]]
        for factor in term.factors { scaled = try emit(.binary(.multiply), [renamed[factor], scaled]) }
        if let before = sum {
          sum = try emit(.binary(term.isNegative ? .subtract : .add), [before, scaled])
        } else {
          sum = term.isNegative ? try emit(.unary(.negate), [scaled]) : scaled
        }
      }
      if let sum { right.append(sum) }
    }
    let a = left.count == 1 ? left[0] : try emit(.concatenate(axis: 0), left)
    let b = right.count == 1 ? right[0] : try emit(.concatenate(axis: 0), right)
    let product = try emit(.matmul(transposeA: true, transposeB: false), [a, b])
    // Multiplied by a rate of 1, which is the form that a kernel takes in one pass.
    let one = try emit(.literal(Literal([1] as [Float], .scalar)), [])
    let step = try emit(.binary(.multiply), [one, product])
    return try emit(.binary(.subtract), [renamed[flow.operands(value)[0]], step])
  }
}
