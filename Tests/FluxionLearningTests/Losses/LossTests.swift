import FluxionCalculus
import FluxionTesting
import Testing

@testable import FluxionLearning

struct LossGolden: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let about: String
  let attributes: [String: Double]
  let predictions: GoldenTensor
  let targets: GoldenTensor
  let each: GoldenTensor
  let value: Double
  let gradient: GoldenTensor

  var testDescription: String { "\(name): \(about)" }

  struct File: Decodable { let losses: [LossGolden] }

  static let all = ((try? golden("losses", File.self).losses) ?? []).filter { $0.name != "softmax-cross-entropy-soft" }
}

@Suite("Losses")
struct LossTests {
  private func loss(_ row: LossGolden) throws -> Loss {
    try Loss.named(row.attributes["delta"].map { "\(row.name):\($0)" } ?? row.name)
  }

  @Test("agree with JAX and PyTorch, values and gradients, extreme logits too", arguments: LossGolden.all)
  func goldens(_ row: LossGolden) throws {
    let loss = try loss(row)
    let targets = loss.target == .labels ? row.targets.labels : row.targets.reference
    let program = try Program.trace([
      .init("p", row.predictions.reference.type), .init("t", targets.type),
    ]) { tensors in
      let each = loss(tensors[0], tensors[1])
      let count = Tensor(Float(each.shape.count))
      return [each] + gradient(of: each.sum() / count, withRespectTo: [tensors[0]])
    }
    let outputs = try program.evaluateReference([row.predictions.reference, targets])
    let batch = row.each.shape[0]
    let width = row.each.values.count / batch
    let means = (0..<batch).map { i in row.each.values[(i * width)..<((i + 1) * width)].reduce(0, +) / Double(width) }
    // The share of one of three outputs is a float32 constant.
    expectClose(outputs[0].elements, means, relative: 1e-7)
    expectClose([outputs[0].elements.reduce(0, +) / Double(batch)], [row.value], relative: 1e-7)
    expectClose(outputs[1].elements, row.gradient.values, relative: 1e-7)
  }

  @Test("were all found in the goldens")
  func goldensAreThere() { #expect(LossGolden.all.count == 8) }

  @Test(
    "have derivatives that agree with finite differences, to second order",
    arguments: [.meanSquaredError, .softmaxCrossEntropy, .binaryCrossEntropy, .huber(delta: 0.5)] as [Loss])
  func gradients(_ loss: Loss) throws {
    let target = TensorType(loss.target == .labels ? [4] : [4, 3], loss.target == .labels ? .int32 : .float32)
    let program = try Program.trace([.input("p", [4, 3]), .init("t", target)]) { [loss($0[0], $0[1])] }
    let targets =
      loss.target == .labels ? ReferenceValue([0, 2, 1, 1], [4], .int32) : someNumbers([4, 3], 1)
    try GradientChecker().checkGradient(of: program, at: [someNumbers([4, 3], 0), targets])
    try GradientChecker().checkSecondOrder(of: program, at: [someNumbers([4, 3], 0), targets])
  }

  @Test("say which targets they need for a model's output")
  func targets() throws {
    #expect(try Loss.softmaxCrossEntropy.targetType(output: [10]) == TensorType(.scalar, .int32))
    #expect(try Loss.softmaxCrossEntropy.targetType(output: [5, 10]) == TensorType([5], .int32))
    #expect(try Loss.meanSquaredError.targetType(output: [1]) == TensorType(.scalar))
    #expect(try Loss.meanSquaredError.targetType(output: [3]) == TensorType([3]))
    _ = message { try Loss.softmaxCrossEntropy.targetType(output: [1]) }
    _ = message { try Loss.softmaxCrossEntropy.targetType(output: []) }
  }

  @Test("of one's own are used like the others; one of a wrong shape is refused")
  func custom() throws {
    let loss = Loss("log-cosh", target: .values) { p, t in p - t + softplus(-2 * (p - t)) - 0.693_147_2 }
    let program = try Program.trace([.input("p", [1]), .input("t", [1])]) { [loss($0[0], $0[1])] }
    let value = try program.evaluateReference([ReferenceValue([2], [1]), ReferenceValue([0.5], [1])])[0].elements
    expectClose(value, [0.855_440_2], absolute: 1e-6)
    let wrong = Loss("sum", target: .values) { p, t in (p - t).sum() }
    _ = message { try Program.trace([.input("p", [2]), .input("t", [2])]) { [wrong($0[0], $0[1])] } }
  }

  @Test(
    "are refused with the nearest name",
    arguments: [
      ("softmax-crossentropy", "\"softmax-cross-entropy\""), ("huber:0", "positive"), ("hubert", "\"huber\""),
    ])
  func refusals(_ text: String, _ part: String) {
    #expect(message { try Loss.named(text) }?.contains(part) == true)
  }
}
