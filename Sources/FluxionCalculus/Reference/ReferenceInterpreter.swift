extension Program {
  /// The outputs for given inputs, by a slow interpreter in `Double` that is written to be obviously right: the oracle
  /// against which kernels and derivatives are tested.
  ///
  /// It shares nothing with the kernels but the block function of the random generator, does every instruction in
  /// order, and rounds nothing to `Float`, so it differs from an executable by rounding only.
  ///
  /// ```swift
  /// let loss = try Program.trace([.input("w", [3])]) { [square($0[0]).sum()] }
  /// try loss.evaluateReference([ReferenceValue([1, 2, 3], [3])])[0].scalar  // 14
  /// ```
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` if the inputs do not fit the types of the program's.
  public func evaluateReference(_ inputs: [ReferenceValue]) throws(FluxionError) -> [ReferenceValue] {
    guard inputs.count == self.inputs.count else {
      throw FluxionError(
        .invalidArgument, "the program takes \(self.inputs.count) inputs; it was given \(inputs.count)")
    }
    for (input, value) in zip(self.inputs, inputs) {
      guard value.type == input.type else {
        throw FluxionError(
          .invalidArgument, "input \"\(input.name)\" has type \(input.type); it was given \(value.type)")
      }
      guard value.elements.count == value.shape.count else {
        throw FluxionError(
          .invalidArgument,
          "input \"\(input.name)\" of shape \(value.shape) was given \(value.elements.count) elements")
      }
      guard value.hasValidElements else {
        throw FluxionError(
          .invalidArgument, "input \"\(input.name)\" holds numbers that are no \(input.type.element)")
      }
    }
    var values = inputs
    values.reserveCapacity(inputs.count + instructions.count)
    for instruction in instructions {
      values.append(
        instruction.operation.reference(instruction.operands.map { values[$0] }, instruction.type))
    }
    return outputs.map { values[$0] }
  }
}

extension Operation {
  /// The result, of a type that typing has found already.
  func reference(_ x: [ReferenceValue], _ type: TensorType) -> ReferenceValue {
    switch self {
    case .literal(let literal): ReferenceValue(literal)
    case .unary(let unary): ReferenceValue(x[0].elements.map(unary.reference), type.shape)
    case .binary(let binary):
      ReferenceValue(type) { binary.reference(x[0][broadcast: $0], x[1][broadcast: $0]) }
    case .select: ReferenceValue(type) { x[0][broadcast: $0] != 0 ? x[1][broadcast: $0] : x[2][broadcast: $0] }
    case .reduce(let reduction, let axes, let keeping): Reference.reduce(x[0], reduction, axes, keeping, type)
    case .broadcast: ReferenceValue(type) { x[0][broadcast: $0] }
    case .reshape: ReferenceValue(x[0].elements, type.shape, type.element)
    case .transpose(let permutation): Reference.transpose(x[0], permutation, type)
    case .slice(let starts, _): ReferenceValue(type) { index in x[0][zip(index, starts).map(+)] }
    case .pad(let low, _): Reference.pad(x[0], low, type)
    case .concatenate(let axis): Reference.concatenate(x, axis, type)
    case .gather: Reference.gather(x[0], x[1], type)
    case .scatterAdd: Reference.scatterAdd(x[0], x[1], type)
    case .matmul(let transposeA, let transposeB): Reference.matmul(x[0], x[1], transposeA, transposeB, type)
    case .conv2D(let window): Reference.conv2D(x[0], x[1], window, type)
    case .conv2DInputGradient(let window, _, _): Reference.conv2DInputGradient(x[0], x[1], window, type)
    case .conv2DFilterGradient(let window): Reference.conv2DFilterGradient(x[0], x[1], window, type)
    case .maxPool2D(let window): Reference.maxPool2D(x[0], window, type)
    case .maxPool2DScatter(let window): Reference.maxPool2DScatter(x[0], x[1], window, type)
    case .maxPool2DGather(let window): Reference.maxPool2DGather(x[0], x[1], window, type)
    case .averagePool2D(let window): Reference.averagePool2D(x[0], window, type)
    case .averagePool2DGradient(let window, _, _): Reference.averagePool2DGradient(x[0], window, type)
    case .logSoftmax: Reference.logSoftmax(x[0])
    case .softmax: Reference.softmax(x[0])
    case .softmaxCrossEntropy: Reference.softmaxCrossEntropy(x[0], x[1], type)
    case .softmaxCrossEntropyGradient: Reference.softmaxCrossEntropyGradient(x[0], x[1], x[2], type)
    case .oneHot: ReferenceValue(type) { index in x[0][Array(index.dropLast())] == Double(index.last ?? 0) ? 1 : 0 }
    case .argmax: Reference.argmax(x[0], type)
    case .convert: Reference.convert(x[0], type)
    case .stopGradient: x[0]
    case .randomUniform(_, let stream): Reference.randomUniform(x[0], stream, type)
    }
  }
}

/// The meaning of the operators that are more than one expression, one function each.
enum Reference {}
