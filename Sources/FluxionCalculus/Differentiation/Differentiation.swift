/// The gradient of a scalar with respect to tensors, as expressions of the same trace.
///
/// Reverse accumulation over the expressions between `loss` and `variables`; the result is made of ordinary operators,
/// so it can be differentiated again, to any order. A variable that the loss does not depend on has a zero gradient.
///
/// ```swift
/// let slope = gradient(of: loss, withRespectTo: [w])[0]
/// let curvatureTimesV = gradient(of: dot(slope, v), withRespectTo: [w])[0]  // a Hessian-vector product
/// ```
public func gradient(of loss: Tensor, withRespectTo variables: [Tensor]) -> [Tensor] {
  guard loss.error == nil, loss.type == TensorType(.scalar) else {
    let error =
      loss.error
      ?? FluxionError(
        .shapeMismatch, "gradient takes a float32 scalar; it was given \(loss.type) (sum or mean it first)")
    return variables.map { _ in .invalid(error) }
  }
  return pullback(of: [loss], withRespectTo: variables, cotangents: [1])
}

/// The product of cotangents with the Jacobian: `Σ uᵢᵀ ∂yᵢ/∂x` for every variable `x` (a VJP).
public func pullback(
  of outputs: [Tensor], withRespectTo variables: [Tensor], cotangents: [Tensor]
) -> [Tensor] {
  let everything = outputs + variables + cotangents
  if let error = everything.lazy.compactMap(\.error).first { return variables.map { _ in .invalid(error) } }
  guard outputs.map(\.type) == cotangents.map(\.type) else {
    let error = FluxionError(
      .shapeMismatch,
      "pullback takes one cotangent of the type of each output; outputs have types \(outputs.map(\.type)), "
        + "cotangents \(cotangents.map(\.type))")
    return variables.map { _ in .invalid(error) }
  }
  var accumulated: [ObjectIdentifier: Tensor] = [:]
  for (output, cotangent) in zip(outputs, cotangents) {
    accumulate(cotangent, into: &accumulated, at: output.node)
  }
  for node in activeNodes(from: outputs, to: variables).reversed() {
    guard case .operation(let operation) = node.source, let cotangent = accumulated[ObjectIdentifier(node)] else {
      continue
    }
    let operands = node.operands.map(Tensor.init)
    let contributions = operation.pullback(operands, Tensor(node), cotangent)
    for (operand, contribution) in zip(operands, contributions) {
      guard let contribution else { continue }
      accumulate(contribution, into: &accumulated, at: operand.node)
    }
  }
  return variables.map { accumulated[ObjectIdentifier($0.node)] ?? .zeros($0.shape) }
}

/// The product of the Jacobian with tangents: `Σ ∂y/∂xᵢ vᵢ` for every output `y` (a JVP).
///
/// Written as the pullback of the pullback, which is linear in its cotangent (Townsend 2017, "A new trick for
/// calculating Jacobian vector products"); the first pullback is dead code afterwards and is never computed. So every
/// operator needs one derivative rule, not two, and the two modes cannot disagree.
public func pushforward(
  of outputs: [Tensor], withRespectTo variables: [Tensor], tangents: [Tensor]
) -> [Tensor] {
  let cotangents = outputs.map { Tensor.placeholder("cotangent", $0.type) }
  let pulled = pullback(of: outputs, withRespectTo: variables, cotangents: cotangents)
  return pullback(of: pulled, withRespectTo: cotangents, cotangents: tangents)
}

private func accumulate(_ contribution: Tensor, into sums: inout [ObjectIdentifier: Tensor], at node: Node) {
  let key = ObjectIdentifier(node)
  sums[key] = sums[key].map { $0 + contribution } ?? contribution
}

/// The expressions that lie on a path from a variable to an output, operands first.
private func activeNodes(from outputs: [Tensor], to variables: [Tensor]) -> [Node] {
  var active: [ObjectIdentifier: Bool] = [:]
  for variable in variables { active[ObjectIdentifier(variable.node)] = true }
  var order: [Node] = []
  var visited: Set<ObjectIdentifier> = []
  var stack = outputs.reversed().map { ($0.node, false) }
  while let (node, expanded) = stack.popLast() {
    let key = ObjectIdentifier(node)
    if expanded {
      if active[key] != true { active[key] = node.operands.contains { active[ObjectIdentifier($0)] == true } }
      if active[key] == true { order.append(node) }
    } else if visited.insert(key).inserted {
      stack.append((node, true))
      for operand in node.operands.reversed() { stack.append((operand, false)) }
    }
  }
  return order
}
