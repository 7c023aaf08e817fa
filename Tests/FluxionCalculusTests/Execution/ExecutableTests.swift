@testable import FluxionCalculus
import Testing

@Suite("Executable")
struct ExecutableTests {
  /// The results of the compiled program and of the Double interpreter on the same inputs.
  private func expectAgreement(
    _ program: Program, _ inputs: [TensorValue], inPlace: [(input: Int, output: Int)] = [],
    tolerance: Double = 1e-5
  ) throws {
    let expected = try program.evaluateReference(inputs.map { ReferenceValue($0) })
    let actual = try Executable(program, inPlace: inPlace)(inputs)
    #expect(actual.map(\.shape) == expected.map(\.shape))
    for (a, e) in zip(actual, expected) {
      for (x, y) in zip(a.floats, e.elements) {
        #expect(abs(Double(x) - y) <= tolerance * (1 + abs(y)), "\(x) is not \(y)")
      }
    }
  }

  private func values(_ shape: Shape, seed: Int) -> TensorValue {
    var generator = RandomKey(seed: 1).folding("values", seed).generator()
    return TensorValue((0..<shape.count).map { _ in generator.nextUniform() * 2 - 1 }, shape: shape)
  }

  /// A two-layer perceptron's SGD step: parameters, images, labels, rate → new parameters, loss.
  private func perceptronStep() throws -> Program {
    try Program.trace([
      .input("w1", [12, 7]), .input("b1", [7]), .input("w2", [7, 4]), .input("b2", [4]),
      .input("x", [5, 12]), .input("y", [5], .int32), .input("rate", .scalar),
    ]) { inputs in
      let parameters = Array(inputs[..<4])
      let hidden = relu(matmul(inputs[4], inputs[0]) + inputs[1])
      let losses = softmaxCrossEntropy(matmul(hidden, inputs[2]) + inputs[3], inputs[5])
      let gradients = gradient(of: losses.mean(), withRespectTo: parameters)
      return zip(parameters, gradients).map { $0 - inputs[6] * $1 } + [losses.sum()]
    }
  }

  private var perceptronInputs: [TensorValue] {
    [
      values([12, 7], seed: 1), values([7], seed: 2), values([7, 4], seed: 3), values([4], seed: 4),
      values([5, 12], seed: 5), TensorValue([0, 3, 1, 1, 2] as [Int32], shape: [5]), TensorValue(0.1),
    ]
  }

  @Test("runs a training step as the interpreter does, with and without updating in place")
  func trainingStep() throws {
    let step = try perceptronStep()
    try expectAgreement(step, perceptronInputs)
    try expectAgreement(step, perceptronInputs, inPlace: [(0, 0), (1, 1), (2, 2), (3, 3)])
  }

  @Test("fuses bias and relu into products and the descent into weight gradients")
  func fusion() throws {
    let executable = try Executable(perceptronStep(), inPlace: [(0, 0), (1, 1), (2, 2), (3, 3)])
    // Two products with epilogues, the loss, its sum and gradient, two bias sums and descents, the hidden gradient
    // with its mask, and two weight gradients that are descents.
    #expect(executable.kernelCount == 13)
  }

  @Test("keeps parameters in the caller's memory over many steps")
  func stepsInPlace() throws {
    let step = try perceptronStep()
    let pairs: [(input: Int, output: Int)] = [(0, 0), (1, 1), (2, 2), (3, 3)]
    let workspace = try Executable(step, inPlace: pairs).makeWorkspace()
    var inputs = perceptronInputs
    let parameters = inputs[..<4].map { value in
      let pointer = UnsafeMutablePointer<Float>.allocate(capacity: value.shape.count)
      pointer.initialize(from: value.floats, count: value.shape.count)
      return pointer
    }
    defer { parameters.forEach { $0.deallocate() } }
    for pair in pairs { workspace.bind(inPlace: pair, to: parameters[pair.input]) }
    for index in 4..<7 {
      inputs[index].withUnsafeBytes { bytes in
        workspace.pointer(input: index).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
      }
    }
    for _ in 0..<3 {
      workspace.run()
      let results = try Executable(step)(inputs)
      for index in 0..<4 { inputs[index] = results[index] }
    }
    for index in 0..<4 {
      let kept = UnsafeBufferPointer(start: parameters[index], count: inputs[index].shape.count)
      for (x, y) in zip(kept, inputs[index].floats) { #expect(abs(x - y) < 1e-6) }
    }
  }

  @Test("computes an output aside when the input it overwrites is still needed")
  func adamsBashforth() throws {
    let program = try Program.trace([.input("w", [6]), .input("previous", [6])]) { inputs in
      let slope = gradient(of: (square(inputs[0]) * exp(inputs[0])).sum(), withRespectTo: [inputs[0]])[0]
      return [inputs[0] - 0.1 * (1.5 * slope - 0.5 * inputs[1]), slope]
    }
    try expectAgreement(program, [values([6], seed: 1), values([6], seed: 2)], inPlace: [(0, 0), (1, 1)])
  }

  @Test("returns inputs, constants, views and one value twice")
  func unusualOutputs() throws {
    let program = try Program.trace([.input("x", [2, 3]), .input("k", [2], .int32)]) { inputs in
      let y = exp(inputs[0])
      return [
        inputs[0], inputs[0].reshaped(to: [6]), 3, y, y, y.slice(axis: 0, from: 1, count: 1),
        y.slice(axis: 1, from: 1, count: 2), inputs[1], Tensor.full(2, [3]), y.transposed(),
      ]
    }
    try expectAgreement(program, [values([2, 3], seed: 1), TensorValue([4, 5] as [Int32], shape: [2])])
  }

  @Test("names both types when the arguments are not the inputs")
  func wrongArguments() throws {
    let program = try Program.trace([.input("x", [2, 3])]) { [exp($0[0])] }
    let error = #expect(throws: FluxionError.self) { try Executable(program)([TensorValue(1)]) }
    #expect(error?.message.contains("float32[2, 3]") == true)
    #expect(error?.message.contains("float32[]") == true)
  }

  @Test("refuses pairs that cannot share memory")
  func wrongPairs() throws {
    let program = try Program.trace([.input("x", [2]), .input("y", [3])]) { [exp($0[0]), exp($0[1])] }
    #expect(throws: FluxionError.self) { try Executable(program, inPlace: [(0, 1)]) }
    #expect(throws: FluxionError.self) { try Executable(program, inPlace: [(0, 0), (0, 0)]) }
    #expect(throws: FluxionError.self) { try Executable(program, inPlace: [(2, 0)]) }
  }

  @Test("runs long chains without exhausting the registers of a loop")
  func longChain() throws {
    let program = try Program.trace([.input("x", [40]), .input("y", [40])]) { inputs in
      var terms: [Tensor] = []
      var x = inputs[0]
      for index in 0..<60 {
        x = tanh(x * Tensor(Float(index) * 0.01 + 0.5) + inputs[1])
        terms.append(x)
      }
      return [terms.reduce(inputs[1]) { $0 * 0.5 + $1 }]
    }
    try expectAgreement(program, [values([40], seed: 1), values([40], seed: 2)])
  }
}
