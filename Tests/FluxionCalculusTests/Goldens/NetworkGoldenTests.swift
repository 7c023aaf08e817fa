import FluxionCalculus
import Testing

/// A small convolutional network: loss, gradient and Hessian-vector product as JAX and PyTorch compute them.
@Suite("Network goldens")
struct NetworkGoldenTests {
  private struct File: Decodable {
    struct Parameter: Decodable {
      let name: String
      let value: Golden.Tensor
      let gradient: Golden.Tensor
      let direction: Golden.Tensor
      let hessianVectorProduct: Golden.Tensor
    }

    let tolerance: [String: Golden.Tolerance]
    let input: Golden.Tensor
    let labels: [Double]
    let parameters: [Parameter]
    let logits: Golden.Tensor
    let perSampleLosses: [Double]
    let loss: Double
    let directionalDerivative: Double
  }

  private let file: File
  private let values: [ReferenceValue]

  init() throws {
    file = try Golden.read("cnn", as: File.self)
    values =
      [file.input.value(), ReferenceValue(file.labels, [file.labels.count], .int32)]
      + file.parameters.map { $0.value.value() } + file.parameters.map { $0.direction.value() }
      // One over the number of examples, as an input: in a literal it would be rounded to Float.
      + [ReferenceValue([1 / Double(file.labels.count)], .scalar)]
  }

  /// Images, labels, parameters, directions, weight → logits, losses, loss, gradients, Hessian-vector products, slope.
  private func program() throws -> Program {
    let count = file.parameters.count
    let names = ["images", "labels"] + file.parameters.map(\.name) + file.parameters.map { "direction." + $0.name }
    let inputs = zip(names + ["weight"], values).map { Program.Input($0, $1.type) }
    return try Program.trace(inputs) { x in
      let (p, directions) = (Array(x[2..<(2 + count)]), x[(2 + count)..<(2 + 2 * count)])
      let pooling = Window(kernel: (2, 2), stride: (2, 2))
      var hidden = maxPool2D(relu(conv2D(x[0], p[0], padding: .same) + p[1]), pooling)
      hidden = maxPool2D(relu(conv2D(hidden, p[2], padding: .same) + p[3]), pooling)
      hidden = relu(matmul(hidden.reshaped(to: [3, 24]), p[4]) + p[5])
      let logits = matmul(hidden, p[6]) + p[7]
      let losses = softmaxCrossEntropy(logits, x[1])
      let loss = losses.sum() * x[x.count - 1]
      let gradients = gradient(of: loss, withRespectTo: p)
      let slope = zip(gradients, directions).map { dot($0, $1) }.reduce(0, +)
      return [logits, losses, loss] + gradients + gradient(of: slope, withRespectTo: p) + [slope]
    }
  }

  private func check(_ results: [ReferenceValue], _ tolerance: Golden.Tolerance) {
    let count = file.parameters.count
    #expect(results.count == 2 * count + 4)
    func scalar(_ value: Double) -> Golden.Tensor { Golden.Tensor(shape: [], values: [value]) }
    Golden.expect(results[0], is: file.logits, within: tolerance, "logits")
    Golden.expect(
      results[1], is: Golden.Tensor(shape: [3], values: file.perSampleLosses), within: tolerance, "losses")
    Golden.expect(results[2], is: scalar(file.loss), within: tolerance, "loss")
    for (index, parameter) in file.parameters.enumerated() {
      Golden.expect(results[3 + index], is: parameter.gradient, within: tolerance, "gradient of \(parameter.name)")
      Golden.expect(
        results[3 + count + index], is: parameter.hessianVectorProduct, within: tolerance,
        "Hessian-vector product of \(parameter.name)")
    }
    Golden.expect(results[2 * count + 3], is: scalar(file.directionalDerivative), within: tolerance, "slope")
  }

  @Test("the interpreter agrees with JAX on loss, gradient and Hessian-vector product")
  func reference() throws {
    check(try program().evaluateReference(values), try #require(file.tolerance["float64"]))
  }

  @Test("the compiled program agrees with JAX on loss, gradient and Hessian-vector product")
  func executable() throws {
    let inputs = try values.map { try TensorValue(rounding: $0) }
    let results = try Executable(program())(inputs).map { ReferenceValue($0) }
    check(results, try #require(file.tolerance["float32"]))
  }
}

/// Blocks of the random generator, by an implementation in another language.
@Suite("Philox goldens")
struct PhiloxGoldenTests {
  private struct File: Decodable {
    struct Row: Decodable {
      let counter: [UInt32]
      let key: [UInt32]
      let block: [UInt32]
    }

    let blocks: [Row]
  }

  @Test("every block is the golden's")
  func blocks() throws {
    let rows = try Golden.read("philox", as: File.self).blocks
    #expect(rows.count > 10)
    for row in rows {
      let block = Philox.block(counter: SIMD4(row.counter), key: RandomKey(low: row.key[0], high: row.key[1]))
      #expect((0..<4).map { block[$0] } == row.block)
    }
  }

  /// Blocks whose counter is (position, stream), all the words that a tensor can reach.
  @Test("a uniform tensor holds the upper 24 bits of the golden's words")
  func uniform() throws {
    let rows = try Golden.read("philox", as: File.self).blocks.filter { $0.counter[0] < 4 && $0.counter[1] == 0 }
    #expect(rows.count >= 5)
    for row in rows {
      let stream = UInt64(row.counter[2]) | UInt64(row.counter[3]) << 32
      let program = try Program.trace([.input("key", [2], .int32)]) { [.uniform([16], key: $0[0], stream: stream)] }
      let key = TensorValue(row.key.map { Int32(bitPattern: $0) }, shape: [2])
      let first = Int(row.counter[0]) * 4
      let expected = row.block.map { Double($0 >> 8) / 16_777_216 }
      #expect(Array(try program.evaluateReference([ReferenceValue(key)])[0].elements[first..<(first + 4)]) == expected)
      #expect(try Executable(program)([key])[0].floats[first..<(first + 4)].map(Double.init) == expected)
    }
  }
}
