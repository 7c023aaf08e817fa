import CFluxionKernels

/// A cluster of elementwise instructions as a straight-line program over tile registers.
struct ElementwiseLowering {
  /// What is loaded: a value read from memory, and its strides over the loop nest, 0 where it is broadcast.
  struct Load {
    let value: Int
    var strides: [Int]
  }

  /// The loop nest, adjacent dimensions merged where every load allows it.
  private(set) var dimensions: [Int]
  private(set) var loads: [Load] = []
  private(set) var instructions: [fx_ew_instruction] = []
  /// The register of each written value, in the cluster's order of writes.
  private(set) var outputRegisters: [UInt8] = []

  /// More members than this are split, so that compiling stays linear in the size of the program.
  private static let maximumMembers = 64
  private static let registerCount = Int(FX_EW_MAX_REGISTERS)

  /// Whether the members can be one kernel.
  static func fits(_ members: Set<Int>, _ flow: Dataflow) -> Bool {
    guard members.count <= maximumMembers else { return false }
    let sorted = members.sorted()
    let writes = sorted.filter { flow.isOutput[$0] || flow.uses[$0].contains { !members.contains($0) } }
    return ElementwiseLowering(sorted, writes: writes, flow) != nil
  }

  /// Nil if the registers do not suffice.
  init?(_ members: [Int], writes: [Int], _ flow: Dataflow) {
    guard let root = members.last else { return nil }
    let shape = flow.shape(root)
    dimensions = shape.dimensions
    var allocation = RegisterAllocation(members, writes: writes, flow, shape)
    loads = allocation.loads
    guard allocation.assignLoads(limit: Self.registerCount) else { return nil }
    for member in members {
      guard let emitted = allocation.emit(member, limit: Self.registerCount) else { return nil }
      instructions += emitted
    }
    outputRegisters = writes.compactMap { allocation.registers[$0] }
    mergeDimensions()
  }

  /// Merges dimension `d` into `d + 1` where all loads step through both as through one.
  private mutating func mergeDimensions() {
    // Extents of 1 carry no information.
    for axis in dimensions.indices.reversed() where dimensions[axis] == 1 {
      dimensions.remove(at: axis)
      for index in loads.indices { loads[index].strides.remove(at: axis) }
    }
    var axis = dimensions.count - 2
    while axis >= 0 {
      let inner = dimensions[axis + 1]
      if loads.allSatisfy({ $0.strides[axis] == $0.strides[axis + 1] * inner }) {
        dimensions[axis] *= inner
        dimensions.remove(at: axis + 1)
        for index in loads.indices {
          loads[index].strides[axis] = loads[index].strides[axis + 1]
          loads[index].strides.remove(at: axis + 1)
        }
      }
      axis -= 1
    }
  }
}

/// Linear-scan allocation of tile registers: loads first, then constants and results as they come.
private struct RegisterAllocation {
  private(set) var loads: [ElementwiseLowering.Load] = []
  private(set) var registers: [Int: UInt8] = [:]
  private let flow: Dataflow
  private let members: Set<Int>
  private let writes: Set<Int>
  private var lastUse: [Int: Int] = [:]
  private var free: [UInt8] = []
  private var next = 0

  init(_ members: [Int], writes: [Int], _ flow: Dataflow, _ shape: Shape) {
    self.flow = flow
    self.members = Set(members)
    self.writes = Set(writes)
    var positions: Set<Int> = []
    for member in members {
      for operand in flow.operands(member) {
        let source = Self.seenThroughBroadcast(operand, flow)
        lastUse[source] = member
        guard !self.members.contains(source), flow.scalarLiteral(source) == nil, positions.insert(source).inserted
        else { continue }
        loads.append(
          ElementwiseLowering.Load(value: source, strides: Self.broadcastStrides(flow.shape(source), to: shape)))
      }
    }
  }

  static func seenThroughBroadcast(_ value: Int, _ flow: Dataflow) -> Int {
    guard case .broadcast = flow.operation(value) else { return value }
    return flow.operands(value)[0]
  }

  private static func broadcastStrides(_ shape: Shape, to target: Shape) -> [Int] {
    let offset = target.rank - shape.rank
    let strides = shape.strides
    return (0..<target.rank).map { axis in
      axis < offset || (shape[axis - offset] == 1 && target[axis] != 1) ? 0 : strides[axis - offset]
    }
  }

  mutating func assignLoads(limit: Int) -> Bool {
    for load in loads { registers[load.value] = UInt8(truncatingIfNeeded: next); next += 1 }
    return next <= limit
  }

  private mutating func take(limit: Int) -> UInt8? {
    if let register = free.popLast() { return register }
    guard next < limit else { return nil }
    defer { next += 1 }
    return UInt8(truncatingIfNeeded: next)
  }

  /// The instruction of one member, after the constants that it is the first to need.
  mutating func emit(_ member: Int, limit: Int) -> [fx_ew_instruction]? {
    guard let operation = flow.operation(member) else { return nil }
    var emitted: [fx_ew_instruction] = []
    var sources: [Int] = []
    for operand in flow.operands(member) {
      let source = Self.seenThroughBroadcast(operand, flow)
      sources.append(source)
      if registers[source] == nil, let constant = flow.scalarLiteral(source) {
        guard let register = take(limit: limit) else { return nil }
        registers[source] = register
        emitted.append(
          fx_ew_instruction(op: UInt8(FX_EW_CONST), dst: register, a: 0, b: 0, c: 0, imm: constant))
      }
    }
    let operands = sources.compactMap { registers[$0] }
    // A result may take the register of an operand that it is the last to read; loads are never written.
    for source in Set(sources).sorted() where lastUse[source] == member && !writes.contains(source) {
      let isOwn = members.contains(source) || flow.scalarLiteral(source) != nil
      if isOwn, let register = registers[source] { free.append(register) }
    }
    guard let destination = take(limit: limit), operands.count == sources.count else { return nil }
    registers[member] = destination
    emitted.append(
      fx_ew_instruction(
        op: operation.elementwiseCode, dst: destination, a: operands[0],
        b: operands.count > 1 ? operands[1] : 0, c: operands.count > 2 ? operands[2] : 0, imm: 0))
    return emitted
  }
}

extension Operation {
  /// The kernel's code of an elementwise operator.
  fileprivate var elementwiseCode: UInt8 {
    let code =
      switch self {
      case .unary(let unary): unary.code
      case .binary(let binary): binary.code
      default: FX_EW_SELECT
      }
    return UInt8(truncatingIfNeeded: code)
  }
}

extension Unary {
  fileprivate var code: Int {
    switch self {
    case .negate: FX_EW_NEG
    case .exp: FX_EW_EXP
    case .log: FX_EW_LOG
    case .log1p: FX_EW_LOG1P
    case .tanh: FX_EW_TANH
    case .sigmoid: FX_EW_SIGMOID
    case .relu: FX_EW_RELU
    case .sqrt: FX_EW_SQRT
    case .rsqrt: FX_EW_RSQRT
    case .reciprocal: FX_EW_RECIPROCAL
    case .abs: FX_EW_ABS
    case .sign: FX_EW_SIGN
    case .erf: FX_EW_ERF
    case .sin: FX_EW_SIN
    case .cos: FX_EW_COS
    case .floor: FX_EW_FLOOR
    case .square: FX_EW_SQUARE
    case .softplus: FX_EW_SOFTPLUS
    }
  }
}

extension Binary {
  fileprivate var code: Int {
    switch self {
    case .add: FX_EW_ADD
    case .subtract: FX_EW_SUB
    case .multiply: FX_EW_MUL
    case .divide: FX_EW_DIV
    case .power: FX_EW_POW
    case .maximum: FX_EW_MAX
    case .minimum: FX_EW_MIN
    case .less: FX_EW_LESS
    case .lessOrEqual: FX_EW_LESS_EQUAL
    case .equal: FX_EW_EQUAL
    }
  }
}
