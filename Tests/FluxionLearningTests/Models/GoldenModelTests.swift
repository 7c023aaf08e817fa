import FluxionCalculus
import FluxionLearning
import Testing

struct GoldenParameter: Decodable, Sendable {
  let name: String
  let value: GoldenTensor
  let gradient: GoldenTensor
  let direction: GoldenTensor?
  let hessianVectorProduct: GoldenTensor?
}

struct GoldenModel: Decodable, Sendable {
  let name: String?
  let input: GoldenTensor
  let labels: [Double]
  let parameters: [GoldenParameter]
  let loss: Double
  let perSampleLosses: [Double]?
  let logits: GoldenTensor?

  struct File: Decodable { let cases: [GoldenModel] }
}

@Suite("Models agree with JAX and PyTorch")
struct GoldenModelTests {
  static let models: [String: Model] = [
    "tanh-gelu": Model {
      Dense(6); Tanh(); Dense(5); GELU(); Dense(3)
    },
    "sigmoid": Model {
      Dense(6); Sigmoid(); Dense(3)
    },
    "layer-norm": Model {
      Dense(6); LayerNorm(); Tanh(); Dense(3)
    },
    "group-norm": Model {
      Conv2D(filters: 4, kernel: 3, padding: .same)
      GroupNorm(groups: 2)
      Tanh()
      AveragePool2D(2)
      Flatten()
      Dense(3)
    },
    "embedding": Model {
      Embedding(vocabulary: 11, dimension: 4); GlobalAveragePool(); Dense(3)
    },
  ]

  private func check(_ golden: GoldenModel, _ model: Model) throws {
    let task = LearningTask(model, loss: .softmaxCrossEntropy)
    let input = Shape(Array(golden.input.shape.dropFirst()))
    let labels = ReferenceValue(golden.labels.map { Double($0) }, [golden.labels.count], .int32)
    let step = try task.gradientProgram(batchSize: golden.labels.count, input: input)
    #expect(step.parameters.entries.map(\.shape.dimensions) == golden.parameters.map(\.value.shape))
    let inputs = golden.parameters.map(\.value.reference) + [golden.input.reference, labels]
    let outputs = try step.program.evaluateReference(inputs)
    // 1/batch is a float32 constant of the program, and so are ε and the constants of GELU.
    expectClose([(outputs[0].scalar ?? .nan) / Double(golden.labels.count)], [golden.loss], relative: 1e-7, "loss")
    for (parameter, gradient) in zip(golden.parameters, outputs.dropFirst()) {
      expectClose(gradient.elements, parameter.gradient.values, absolute: 1e-7, relative: 1e-6, parameter.name)
    }
    let compiled = try Executable(step.program)(
      golden.parameters.map { TensorValue($0.value.floats, shape: Shape($0.value.shape)) } + [
        TensorValue(golden.input.floats, shape: Shape(golden.input.shape)),
        TensorValue(golden.labels.map { Int32($0) }, shape: [golden.labels.count]),
      ])
    for (parameter, gradient) in zip(golden.parameters, compiled.dropFirst()) {
      expectClose(
        gradient.floats.map(Double.init), parameter.gradient.values, absolute: 2e-5, relative: 2e-4,
        "compiled \(parameter.name)")
    }
    let directions = golden.parameters.compactMap(\.direction?.reference)
    guard directions.count == golden.parameters.count else { return }
    let products = try step.program.pushforward(withRespectTo: Array(step.inputs.parameters))
      .evaluateReference(inputs + directions).suffix(golden.parameters.count)
    for (parameter, product) in zip(golden.parameters, products) {
      let expected = parameter.hessianVectorProduct?.values ?? []
      expectClose(product.elements, expected, absolute: 1e-6, relative: 1e-6, "H v of \(parameter.name)")
    }
    let evaluation = try task.evaluationProgram(batchSize: golden.labels.count, input: input)
    let evaluated = try evaluation.program.evaluateReference(inputs)
    expectClose(evaluated[0].elements, golden.logits?.values ?? [], "logits")
    expectClose(evaluated[1].elements, golden.perSampleLosses ?? [], "losses")
  }

  @Test("around each layer: loss and gradients", arguments: models.keys.sorted())
  func layers(_ name: String) throws {
    let cases = try golden("mlp", GoldenModel.File.self).cases
    try check(try #require(cases.first { $0.name == name }), try #require(Self.models[name]))
  }

  @Test("for a convolutional network: losses, gradients and a Hessian-vector product")
  func cnn() throws {
    let model = Model {
      Conv2D(filters: 4, kernel: 5, padding: .same); ReLU(); MaxPool2D(2)
      Conv2D(filters: 6, kernel: 5, padding: .same); ReLU(); MaxPool2D(2)
      Flatten(); Dense(7); ReLU(); Dense(10)
    }
    try check(try golden("cnn", GoldenModel.self), model)
  }
}
