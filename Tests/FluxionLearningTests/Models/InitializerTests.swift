import FluxionCalculus
import Testing

@testable import FluxionLearning

struct InitializerGolden: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let layer: String
  let shape: [Int]
  let fanIn: Int
  let fanOut: Int
  let bound: Double?
  let standardDeviation: Double

  var testDescription: String { "\(name) of \(layer)" }

  struct File: Decodable { let initializers: [InitializerGolden] }
  static let all = (try? golden("initializers", File.self).initializers) ?? []
}

@Suite("Initialisers")
struct InitializerTests {
  /// The parameter of a layer that a golden row speaks of.
  private func specification(_ row: InitializerGolden) throws -> ParameterSpec {
    let isBias = row.name.hasSuffix("-bias")
    let initializer = try Initializer.named(isBias ? String(row.name.dropLast(5)) : row.name)
    let layer: any Layer =
      row.layer == "dense"
      ? Dense(200, initializer: initializer)
      : Conv2D(filters: 64, kernel: 5, initializer: initializer)
    let parameters = try layer.parameters(input: row.layer == "dense" ? [784] : [8, 8, 32])
    return parameters[isBias ? 1 : 0]
  }

  @Test("draw from the distributions of PyTorch's", arguments: InitializerGolden.all)
  func distributions(_ row: InitializerGolden) throws {
    let parameter = try specification(row)
    #expect(parameter.shape.dimensions == row.shape)
    #expect((parameter.fanIn, parameter.fanOut) == (row.fanIn, row.fanOut))
    switch parameter.initializer.distribution(fanIn: parameter.fanIn, fanOut: parameter.fanOut) {
    case .uniform(let bound): expectClose([bound], [row.bound ?? .nan], relative: 1e-12)
    case .normal(let deviation):
      #expect(row.bound == nil)
      expectClose([deviation], [row.standardDeviation], relative: 1e-12)
    case .constant: Issue.record("not random")
    }
    let sample = parameter.initializer.values(
      count: parameter.shape.count, fanIn: parameter.fanIn, fanOut: parameter.fanOut, key: RandomKey(seed: 3)
    ).map(Double.init)
    let n = Double(sample.count)
    let mean = sample.reduce(0, +) / n
    let deviation = (sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
    #expect(abs(deviation - row.standardDeviation) < 5 * row.standardDeviation / n.squareRoot())
    #expect(abs(mean) < 5 * row.standardDeviation / n.squareRoot())
    if let bound = row.bound { #expect(sample.allSatisfy { abs($0) <= bound * (1 + 1e-7) }) }
  }

  @Test("were all found in the goldens")
  func goldensAreThere() { #expect(InitializerGolden.all.count == 12) }

  @Test("begin biases at zero beside any weight but PyTorch's")
  func biases() throws {
    #expect(try Dense(3, initializer: .heUniform).parameters(input: [2])[1].initializer == .zeros)
    #expect(Initializer.constant(2).values(count: 3, fanIn: 1, fanOut: 1, key: RandomKey(seed: 1)) == [2, 2, 2])
  }

  @Test(
    "are written as text and read back",
    arguments: [
      .fanInUniform, .glorotUniform, .glorotNormal, .heUniform, .heNormal, .normal(standardDeviation: 0.02), .zeros,
      .constant(1.5),
    ] as [Initializer])
  func text(_ initializer: Initializer) throws { #expect(try Initializer.named("\(initializer)") == initializer) }

  @Test("are refused by what they lack", arguments: ["normal", "normal:x", "normal:-1", "constant:nan", "he", ""])
  func refusals(_ text: String) { _ = message { try Initializer.named(text) } }
}
