/// Groups the instructions of a program into clusters, one kernel each.
struct Fusion {
  let flow: Dataflow
  /// For each value, the position of the output that is written over it, if any.
  let overwrites: [Int: Int]
  private(set) var clusters: [Cluster] = []
  private var isTaken: [Bool]

  /// - Parameter inPlace: pairs of an input and an output that share memory.
  init(_ flow: Dataflow, inPlace: [(input: Int, output: Int)]) {
    self.flow = flow
    self.isTaken = [Bool](repeating: false, count: flow.values.count)
    var overwrites: [Int: Int] = [:]
    for pair in inPlace { overwrites[pair.input] = flow.program.outputs[pair.output] }
    self.overwrites = overwrites
    for value in flow.values where isAlwaysFree(value) { isTaken[value] = true }
    // Products first: their epilogues are elementwise members that they claim.
    for value in flow.values where !isTaken[value] { claimProduct(value) }
    for value in flow.values.reversed() where !isTaken[value] && flow.isElementwise(value) { claimElementwise(value) }
    for value in flow.values where !isTaken[value] && isNeeded(value) {
      clusters.append(Cluster(kind: .single, members: [value]))
      isTaken[value] = true
    }
    for index in clusters.indices { settle(&clusters[index]) }
  }

  /// Inputs, literals and views cost nothing.
  private func isAlwaysFree(_ value: Int) -> Bool {
    if value < flow.program.inputs.count || flow.view(value) != nil { return true }
    if case .literal = flow.operation(value) { return true }
    return false
  }

  /// A broadcast is read through strides by whoever can; it is materialised only for the others.
  private func isNeeded(_ value: Int) -> Bool {
    guard case .broadcast = flow.operation(value) else { return true }
    return flow.isOutput[value]
      || flow.uses[value].contains { user in
        !flow.isElementwise(user) && !Self.readsScalarBroadcast(value, by: user, flow)
      }
  }

  /// Whether `user` takes a scalar in place of the broadcast of one.
  static func readsScalarBroadcast(_ value: Int, by user: Int, _ flow: Dataflow) -> Bool {
    guard case .broadcast = flow.operation(value), flow.shape(flow.operands(value)[0]).count == 1,
      flow.operation(user) == .softmaxCrossEntropyGradient
    else { return false }
    return flow.operands(user)[2] == value && flow.operands(user)[0] != value
  }

  private static func isProduct(_ operation: Operation?) -> Bool {
    switch operation {
    case .matmul, .conv2D, .conv2DFilterGradient: true
    default: false
    }
  }

  private mutating func claimProduct(_ value: Int) {
    guard Self.isProduct(flow.operation(value)) else { return }
    if let (descent, members) = descent(from: value) {
      take(Cluster(kind: .descent(descent), members: members))
      return
    }
    var members = [value]
    var bias: Int?
    var relu = false
    if takesEpilogue(value) {
      if let (sum, addend) = biasSum(of: value) {
        bias = addend
        members.append(sum)
      }
      if let activated = flow.onlyUse(members[members.count - 1]), flow.operation(activated) == .unary(.relu) {
        relu = true
        members.append(activated)
      }
    }
    take(Cluster(kind: .product(Cluster.Product(product: value, bias: bias, relu: relu)), members: members))
  }

  private func takesEpilogue(_ product: Int) -> Bool {
    switch flow.operation(product) {
    case .matmul: flow.shape(product).rank == 2
    case .conv2D: true
    default: false
    }
  }

  /// The sum of a product and one number a column, where the product is used for nothing else.
  private func biasSum(of product: Int) -> (sum: Int, bias: Int)? {
    // The sum of two products belongs to the first of them.
    guard let sum = flow.onlyUse(product), !isTaken[sum], flow.operation(sum) == .binary(.add),
      flow.shape(sum) == flow.shape(product)
    else { return nil }
    let operands = flow.operands(sum)
    let bias = operands[0] == product ? operands[1] : operands[0]
    let shape = flow.shape(bias)
    guard bias != product, let columns = flow.shape(product).last, shape.count == columns, shape.last == columns else {
      return nil
    }
    return (sum, bias)
  }

  /// Recognises `w − rate · product` where the result is written over the input `w`.
  private func descent(from product: Int) -> (Cluster.Descent, [Int])? {
    switch flow.operation(product) {
    case .matmul: guard flow.shape(product).rank == 2 else { return nil }
    case .conv2DFilterGradient: break
    default: return nil
    }
    guard let scaled = flow.onlyUse(product), flow.operation(scaled) == .binary(.multiply),
      flow.shape(scaled) == flow.shape(product)
    else { return nil }
    let rate = flow.operands(scaled)[0] == product ? flow.operands(scaled)[1] : flow.operands(scaled)[0]
    guard rate != product, flow.shape(rate).count == 1, let moved = flow.onlyUse(scaled),
      flow.operation(moved) == .binary(.subtract), flow.operands(moved)[1] == scaled
    else { return nil }
    let parameter = flow.operands(moved)[0]
    guard overwrites[parameter] == moved, flow.shape(parameter) == flow.shape(product),
      !flow.operands(product).contains(parameter)
    else { return nil }
    return (Cluster.Descent(product: product, parameter: parameter, rate: rate), [product, scaled, moved])
  }

  /// Starts from the last member and absorbs what only the cluster uses, so that no cycle can arise.
  private mutating func claimElementwise(_ root: Int) {
    let shape = flow.shape(root)
    var members: Set<Int> = [root]
    var candidates = Set(flow.operands(root))
    while let candidate = candidates.max() {
      candidates.remove(candidate)
      guard !isTaken[candidate], flow.isElementwise(candidate), flow.shape(candidate) == shape,
        flow.uses[candidate].allSatisfy(members.contains),
        ElementwiseLowering.fits(members.union([candidate]), flow)
      else { continue }
      members.insert(candidate)
      candidates.formUnion(flow.operands(candidate))
    }
    take(Cluster(kind: .elementwise, members: members.sorted()))
  }

  private mutating func take(_ cluster: Cluster) {
    for member in cluster.members { isTaken[member] = true }
    clusters.append(cluster)
  }

  /// Works out what the cluster reads and writes.
  private func settle(_ cluster: inout Cluster) {
    let members = Set(cluster.members)
    var seen: Set<Int> = []
    for member in cluster.members {
      for operand in flow.operands(member) {
        let read = source(of: operand, for: member)
        if !members.contains(read), seen.insert(read).inserted { cluster.reads.append(read) }
      }
      if flow.isOutput[member] || flow.uses[member].contains(where: { !members.contains($0) }) {
        cluster.writes.append(member)
      }
    }
  }

  /// The value that a member really reads for an operand: a broadcast is seen through where it can be.
  private func source(of operand: Int, for member: Int) -> Int {
    guard case .broadcast = flow.operation(operand) else { return operand }
    if flow.isElementwise(member) || Self.readsScalarBroadcast(operand, by: member, flow) {
      return flow.operands(operand)[0]
    }
    return operand
  }
}
