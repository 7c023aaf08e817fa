extension Program: CustomStringConvertible {
  /// The program as text, one instruction a line: value, operator, operands, attributes, type.
  ///
  /// ```
  /// program(x: float32[32, 784], w: float32[784, 10]) {
  ///   %2 = matmul x, w : float32[32, 10]
  ///   %3 = reduceSum %2 {axes [1]} : float32[32]
  ///   return %3
  /// }
  /// ```
  public var description: String {
    let names = valueNames
    let parameters = zip(names, inputs).map { name, input in
      name == input.name ? "\(name): \(input.type)" : "\(name) \(input.name.debugDescription): \(input.type)"
    }
    var lines = ["program(\(parameters.joined(separator: ", "))) {"]
    for (position, instruction) in instructions.enumerated() {
      let operation = instruction.operation
      let operands = instruction.operands.map { names[$0] }.joined(separator: ", ")
      let words = [operation.name, operands, operation.attributes].filter { !$0.isEmpty }
      lines.append("  \(names[inputs.count + position]) = \(words.joined(separator: " ")) : \(instruction.type)")
    }
    lines.append("  return \(outputs.map { names[$0] }.joined(separator: ", "))")
    lines.append("}")
    return lines.joined(separator: "\n")
  }

  /// What each value is called: an input by its name where that is a word of its own, everything else by its number.
  var valueNames: [String] {
    var counts: [String: Int] = [:]
    for input in inputs { counts[input.name, default: 0] += 1 }
    return (0..<(inputs.count + instructions.count)).map { index in
      guard index < inputs.count, counts[inputs[index].name] == 1, inputs[index].name.isWord else { return "%\(index)" }
      return inputs[index].name
    }
  }
}

extension Operation {
  /// What the name and the operands do not tell, in braces; empty if that is nothing. Long literals are cut short.
  var attributes: String {
    switch self {
    case .literal(let literal): literal.summary
    case .reduce(_, let axes, let keeping): "{axes \(axes)\(keeping ? ", kept" : "")}"
    case .broadcast(let shape), .reshape(let shape): "{to \(shape)}"
    case .transpose(let permutation): "{\(permutation)}"
    case .slice(let starts, let sizes): "{from \(starts) sizes \(sizes)}"
    case .pad(let low, let high): "{low \(low) high \(high)}"
    case .concatenate(let axis): "{axis \(axis)}"
    case .scatterAdd(let rows): "{rows \(rows)}"
    case .oneHot(let depth): "{depth \(depth)}"
    case .matmul(false, false): ""
    case .matmul(let transposeA, let transposeB):
      "{\([transposeA ? "Aᵀ" : nil, transposeB ? "Bᵀ" : nil].compactMap { $0 }.joined(separator: ", "))}"
    case .conv2D(let window), .conv2DFilterGradient(let window), .maxPool2D(let window),
      .maxPool2DScatter(let window), .maxPool2DGather(let window), .averagePool2D(let window):
      "{\(window)}"
    case .conv2DInputGradient(let window, let height, let width),
      .averagePool2DGradient(let window, let height, let width):
      "{\(window) to \(height)×\(width)}"
    case .convert(let element): "{to \(element)}"
    case .randomUniform(_, let stream): "{stream \(stream)}"
    case .unary, .binary, .select, .gather, .logSoftmax, .softmax, .softmaxCrossEntropy,
      .softmaxCrossEntropyGradient, .argmax, .stopGradient:
      ""
    }
  }
}

extension Literal {
  /// The value of a scalar, or the first elements.
  fileprivate var summary: String {
    let shown = 6
    let elements =
      switch storage {
      case .float32(let values): values.prefix(shown).map { "\($0)" }
      case .int32(let values): values.prefix(shown).map { "\($0)" }
      }
    if shape == .scalar { return elements.first ?? "" }
    return "[\(elements.joined(separator: ", "))\(shape.count > shown ? ", …" : "")]"
  }
}

extension String {
  /// Letters, digits and `_ . -`, and at least one of them.
  fileprivate var isWord: Bool { !isEmpty && allSatisfy { $0.isLetter || $0.isNumber || "_.-".contains($0) } }
}
