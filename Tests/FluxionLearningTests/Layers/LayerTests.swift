import FluxionCalculus
import FluxionTesting
import Testing

@testable import FluxionLearning

/// What a layer promises, one row a layer.
struct LayerRow: Sendable, CustomTestStringConvertible {
  let layer: any Layer
  let input: Shape
  let output: Shape
  var parameters: [String: Shape] = [:]
  /// An input it cannot take, if there is one.
  var refused: Shape?
  /// As ``ModelSpecification`` writes it.
  let text: String

  var testDescription: String { text }

  static let all: [LayerRow] = [
    LayerRow(
      layer: Dense(3), input: [4], output: [3], parameters: ["weight": [4, 3], "bias": [3]], refused: [],
      text: "dense(3)"),
    LayerRow(
      layer: Dense(3, initializer: .heNormal, bias: false), input: [2, 4], output: [2, 3],
      parameters: ["weight": [4, 3]], refused: [0], text: "dense(3, initializer=he-normal, bias=false)"),
    LayerRow(
      layer: Conv2D(filters: 2, kernel: 3, padding: .same), input: [4, 5, 2], output: [4, 5, 2],
      parameters: ["filter": [3, 3, 2, 2], "bias": [2]], refused: [4], text: "conv2d(2, 3, padding=same)"),
    LayerRow(
      layer: Conv2D(filters: 2, kernel: 2, stride: 2, bias: false), input: [5, 4, 1], output: [2, 2, 2],
      parameters: ["filter": [2, 2, 1, 2]], refused: [1, 4, 1], text: "conv2d(2, 2, stride=2, bias=false)"),
    LayerRow(layer: MaxPool2D(2), input: [4, 4, 2], output: [2, 2, 2], refused: [1, 1, 2], text: "max_pool2d(2)"),
    LayerRow(
      layer: MaxPool2D(3, stride: 2, padding: .same), input: [5, 5, 1], output: [3, 3, 1], refused: [5, 5],
      text: "max_pool2d(3, stride=2, padding=same)"),
    LayerRow(layer: AveragePool2D(2), input: [4, 5, 2], output: [2, 2, 2], refused: [4], text: "average_pool2d(2)"),
    LayerRow(
      layer: GlobalAveragePool(), input: [3, 2, 4], output: [4], refused: [4], text: "global_average_pool"),
    LayerRow(layer: Flatten(), input: [2, 3, 2], output: [12], text: "flatten"),
    LayerRow(layer: ReLU(), input: [5], output: [5], text: "relu"),
    LayerRow(layer: Tanh(), input: [2, 3], output: [2, 3], text: "tanh"),
    LayerRow(layer: Sigmoid(), input: [5], output: [5], text: "sigmoid"),
    LayerRow(layer: GELU(), input: [5], output: [5], text: "gelu"),
    LayerRow(layer: Softplus(), input: [5], output: [5], text: "softplus"),
    LayerRow(layer: Dropout(0.5), input: [40], output: [40], text: "dropout(0.5)"),
    LayerRow(
      layer: LayerNorm(), input: [3, 4], output: [3, 4], parameters: ["scale": [4], "offset": [4]], refused: [],
      text: "layer_norm"),
    LayerRow(
      layer: GroupNorm(groups: 2), input: [2, 2, 4], output: [2, 2, 4], parameters: ["scale": [4], "offset": [4]],
      refused: [2, 2, 3], text: "group_norm(2)"),
    LayerRow(
      layer: Embedding(vocabulary: 7, dimension: 2), input: [3], output: [3, 2], parameters: ["table": [7, 2]],
      text: "embedding(7, 2)"),
    LayerRow(
      layer: Model {
        Dense(3); Tanh(); Dense(2)
      }, input: [4], output: [2],
      parameters: ["dense_1.weight": [4, 3], "dense_1.bias": [3], "dense_2.weight": [3, 2], "dense_2.bias": [2]],
      refused: [], text: "model(dense(3); tanh; dense(2))"),
  ]
}

@Suite("Every layer")
struct LayerTests {
  /// The layer in training on two examples, as a function of its parameters, `x` and a key.
  private func program(_ row: LayerRow) throws -> Program {
    let parameters = try row.layer.parameters(input: row.input)
    let inputs =
      parameters.map { Program.Input.input($0.name, $0.shape) }
      + [.input("x", Shape([2] + row.input.dimensions)), .input("key", [2], .int32)]
    return try Program.trace(inputs) { tensors in
      var context = LayerContext(isTraining: true, dropoutKey: tensors[parameters.count + 1])
      return [
        row.layer(tensors[parameters.count], parameters: Array(tensors.prefix(parameters.count)), context: &context)
      ]
    }
  }

  private func inputs(_ row: LayerRow, _ program: Program) -> [ReferenceValue] {
    program.inputs.enumerated().map { index, input in
      switch input.name {
      case "key": ReferenceValue([3, 4], [2], .int32)
      case "x" where row.layer is Embedding: ReferenceValue([0, 3, 3, 6, 1, 0], [2, 3])
      default: someNumbers(input.type.shape, index)
      }
    }
  }

  @Test("gives the shapes it says, of the parameters it says", arguments: LayerRow.all)
  func shapes(_ row: LayerRow) throws {
    let parameters = try row.layer.parameters(input: row.input)
    #expect(Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) }) == row.parameters)
    #expect(try row.layer.outputShape(input: row.input) == row.output)
    #expect(try program(row).outputTypes == [TensorType(Shape([2] + row.output.dimensions))])
  }

  @Test("has derivatives that agree with finite differences, to second order", arguments: LayerRow.all)
  func gradients(_ row: LayerRow) throws {
    let program = try program(row)
    let inputs = inputs(row, program)
    let variables = program.inputs.indices.filter {
      program.inputs[$0].type.element == .float32 && !(row.layer is Embedding && program.inputs[$0].name == "x")
    }
    try GradientChecker().checkGradient(of: program, at: inputs, withRespectTo: variables)
    if row.input.count < 30 {
      try GradientChecker().checkSecondOrder(of: program, at: inputs, withRespectTo: variables)
    }
  }

  @Test("treats the examples of a batch one by one", arguments: LayerRow.all.filter { !$0.layer.isStochastic })
  func rowsAreIndependent(_ row: LayerRow) throws {
    let program = try program(row)
    var inputs = inputs(row, program)
    let before = try program.evaluateReference(inputs)[0].elements
    let x = inputs.count - 2
    for position in (row.input.count)..<(2 * row.input.count) { inputs[x].elements[position] = 2 }
    let after = try program.evaluateReference(inputs)[0].elements
    #expect(before.prefix(row.output.count) == after.prefix(row.output.count))
    #expect(before.suffix(row.output.count) != after.suffix(row.output.count))
  }

  @Test("is written as text and read back", arguments: LayerRow.all)
  func text(_ row: LayerRow) throws {
    let specification = ModelSpecification(Model([row.layer]))
    #expect(specification.text == row.text)
    let read = try specification.model()
    #expect(ModelSpecification(read) == specification)
    #expect(try read.parameters(input: row.input) == Model([row.layer]).parameters(input: row.input))
  }

  @Test(
    "refuses a shape it cannot take, by its name in the model", arguments: LayerRow.all.filter { $0.refused != nil })
  func refusal(_ row: LayerRow) throws {
    let shape = try #require(row.refused)
    let message = message { try Model { row.layer }.layout(input: shape) }
    #expect(message?.hasPrefix("\(row.layer.name)_1: ") == true, "\(message ?? "")")
  }

  @Test(
    "refuses settings that mean nothing",
    arguments: [
      Dense(0), Conv2D(filters: 0, kernel: 3), Conv2D(filters: 1, kernel: 0), Conv2D(filters: 1, kernel: 3, stride: 0),
      Conv2D(filters: .max, kernel: 3), Conv2D(filters: 1, kernel: .max, padding: .same), MaxPool2D(0),
      AveragePool2D(2, stride: .min), Dropout(1), Dropout(.nan), GroupNorm(groups: 0),
      Embedding(vocabulary: 0, dimension: 2), Embedding(vocabulary: 1 << 40, dimension: 1 << 40), Dense(.max),
    ] as [any Layer])
  func settings(_ layer: any Layer) {
    _ = message { try Model { layer }.layout(input: [6, 6, 2]) }
  }
}

@Suite("Dropout")
struct DropoutTests {
  let model = Model {
    Dropout(0.5); Dropout(0.5)
  }

  @Test("passes everything in evaluation")
  func evaluation() throws {
    let program = try Program.trace([.input("x", [2, 3])]) { tensors in
      var context = LayerContext(isTraining: false)
      return [model(tensors[0], parameters: [], context: &context)]
    }
    #expect(program.instructions.isEmpty)
  }

  @Test("draws another mask for each layer, and the same ones for the same key")
  func masks() throws {
    let program = try Program.trace([.input("x", [2, 500]), .input("key", [2], .int32)]) { tensors in
      var context = LayerContext(isTraining: true, dropoutKey: tensors[1])
      return [model(tensors[0], parameters: [], context: &context)]
    }
    let ones = ReferenceValue(repeating: 1, TensorType([2, 500]))
    func run(_ key: [Double]) throws -> [Double] {
      try program.evaluateReference([ones, ReferenceValue(key, [2], .int32)])[0].elements
    }
    let first = try run([1, 2])
    #expect(try run([1, 2]) == first)
    #expect(try run([2, 2]) != first)
    // Two independent masks of one half leave a quarter, of four times the size.
    #expect(Set(first) == [0, 4])
    #expect((200...300).contains(first.count { $0 != 0 }))
  }

  @Test("needs a key while training")
  func missingKey() {
    let message = message {
      try Program.trace([.input("x", [2, 3])]) { tensors in
        var context = LayerContext(isTraining: true)
        return [model(tensors[0], parameters: [], context: &context)]
      }
    }
    #expect(message?.hasPrefix("dropout_1: ") == true)
  }
}
