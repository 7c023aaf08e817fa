import FluxionCalculus

// How each layer is written, beside how `LayerForm.all` reads it.

extension Dense {
  public var specification: String { call(name, "\(units)", initializer.argument(.fanInUniform), bias(hasBias)) }
}

extension Conv2D {
  public var specification: String {
    call(
      name, "\(filters)", "\(window.size)", window.stride == 1 ? nil : "stride=\(window.stride)",
      window.paddingArgument,
      initializer.argument(.fanInUniform), bias(hasBias))
  }
}

extension MaxPool2D {
  public var specification: String { call(name, "\(window.size)", window.poolStride, window.paddingArgument) }
}

extension AveragePool2D {
  public var specification: String { call(name, "\(window.size)", window.poolStride, window.paddingArgument) }
}

extension Dropout {
  public var specification: String { call(name, "\(rate)") }
}

extension LayerNorm {
  public var specification: String { epsilon == 1e-5 ? name : call(name, "epsilon=\(epsilon)") }
}

extension GroupNorm {
  public var specification: String { call(name, "\(groups)", epsilon == 1e-5 ? nil : "epsilon=\(epsilon)") }
}

extension Embedding {
  public var specification: String {
    call(name, "\(vocabulary)", "\(dimension)", initializer.argument(.normal(standardDeviation: 1)))
  }
}

extension Model {
  /// As a layer of another model: `model(…)`. ``ModelSpecification`` holds the text of a model by itself.
  public var specification: String { "\(name)(\(ModelSpecification(self).text))" }
}

private func call(_ name: String, _ arguments: String?...) -> String {
  "\(name)(\(arguments.compactMap { $0 }.joined(separator: ", ")))"
}

private func bias(_ hasBias: Bool) -> String? { hasBias ? nil : "bias=false" }

extension WindowSettings {
  fileprivate var paddingArgument: String? { padding == .valid ? nil : "padding=\(padding.rawValue)" }
  fileprivate var poolStride: String? { stride == size ? nil : "stride=\(stride)" }
}

/// How a kind of layer is read.
struct LayerForm: Sendable {
  let name: String
  let read: @Sendable (inout Arguments) throws -> any Layer

  static let all: [LayerForm] = [
    LayerForm("dense") {
      try Dense($0.integer("units"), initializer: $0.initializer(), bias: $0.flag("bias", default: true))
    },
    LayerForm("conv2d") {
      try Conv2D(
        filters: $0.integer("filters"), kernel: $0.integer("kernel"), stride: $0.integer("stride", default: 1),
        padding: $0.padding(), initializer: $0.initializer(), bias: $0.flag("bias", default: true))
    },
    LayerForm("max_pool2d") {
      let size = try $0.integer("size")
      return try MaxPool2D(size, stride: $0.integer("stride", default: size), padding: $0.padding())
    },
    LayerForm("average_pool2d") {
      let size = try $0.integer("size")
      return try AveragePool2D(size, stride: $0.integer("stride", default: size), padding: $0.padding())
    },
    LayerForm("global_average_pool") { _ in GlobalAveragePool() },
    LayerForm("flatten") { _ in Flatten() },
    LayerForm("relu") { _ in ReLU() },
    LayerForm("tanh") { _ in Tanh() },
    LayerForm("sigmoid") { _ in Sigmoid() },
    LayerForm("gelu") { _ in GELU() },
    LayerForm("softplus") { _ in Softplus() },
    LayerForm("dropout") { try Dropout($0.number("rate")) },
    LayerForm("layer_norm") { try LayerNorm(epsilon: $0.number("epsilon", default: 1e-5)) },
    LayerForm("group_norm") {
      try GroupNorm(groups: $0.integer("groups"), epsilon: $0.number("epsilon", default: 1e-5))
    },
    LayerForm("embedding") {
      try Embedding(
        vocabulary: $0.integer("vocabulary"), dimension: $0.integer("dimension"),
        initializer: $0.initializer(default: .normal(standardDeviation: 1)))
    },
  ]

  private init(_ name: String, _ read: @escaping @Sendable (inout Arguments) throws -> any Layer) {
    self.name = name
    self.read = read
  }
}

extension Arguments {
  fileprivate mutating func initializer(default fallback: Initializer = .fanInUniform) throws -> Initializer {
    try takeNamed("initializer").map { try Initializer.named($0) } ?? fallback
  }

  fileprivate mutating func padding() throws -> Window.Padding {
    guard let text = takeNamed("padding") else { return .valid }
    guard let padding = Window.Padding(rawValue: text) else {
      throw invalid("needs valid or same as padding, not \"\(text.shortened)\"")
    }
    return padding
  }
}
