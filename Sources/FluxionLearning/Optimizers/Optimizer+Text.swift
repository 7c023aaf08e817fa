import FluxionCalculus

extension Optimizer: CustomStringConvertible {
  /// As ``named(_:)`` reads it: `adam:learningRate=0.001,beta1=0.9,beta2=0.999,epsilon=1e-08`.
  public var description: String {
    hyperparameters.isEmpty ? name : "\(name):\(settings)"
  }

  var settings: String { hyperparameters.map { "\($0.name)=\($0.value)" }.joined(separator: ",") }
}

extension Optimizer {
  /// The optimiser of a name, with settings after a colon: `sgd`, `momentum:0.05`,
  /// `adam:learningRate=0.001,beta2=0.99,clipNorm=1`.
  ///
  /// The first setting may be a number alone: the learning rate. Every hyperparameter of the optimiser is known by
  /// name, and `weightDecay`, `l1`, `clipNorm` and `clipValue` for all of them; `momentum` gives RMSProp one.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known name or setting, and
  ///   ``FluxionError/Code/invalidArgument`` for a value outside its bounds.
  public static func named(_ text: String) throws -> Optimizer {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "").trimmed
    guard let make = standard.first(where: { $0.name == name })?.make else {
      throw FluxionError(.invalidConfiguration, unknownName(name, "optimiser", among: names))
    }
    var arguments = try Arguments(parts.count == 2 ? parts[1] : "", of: "optimiser \(name)")
    var optimizer = make()
    if name == "rmsprop", let momentum = try arguments.namedNumber("momentum") {
      optimizer = .rmsProp(momentum: momentum)
    }
    try optimizer.configure(&arguments)
    return optimizer
  }

  /// Takes every setting it knows, and refuses others.
  mutating func configure(_ arguments: inout Arguments) throws {
    if let learningRate = arguments.take("learningRate") {
      guard let value = Float(learningRate) else {
        throw arguments.invalid("needs a number as learningRate, not \"\(learningRate.shortened)\"")
      }
      self = try setting("learningRate", to: value)
    }
    for hyperparameter in hyperparameters.dropLast() {
      guard let value = try arguments.namedNumber(hyperparameter.name) else { continue }
      self = try setting(hyperparameter.name, to: value)
    }
    self = with(
      weightDecay: try arguments.namedNumber("weightDecay"), l1: try arguments.namedNumber("l1"),
      clipNorm: try arguments.namedNumber("clipNorm"), clipValue: try arguments.namedNumber("clipValue"))
    try arguments.finish()
    try validate()
  }

  /// The names ``named(_:)`` knows.
  public static var names: [String] { standard.map(\.name) }

  private static let standard: [(name: String, make: @Sendable () -> Optimizer)] = [
    ("sgd", { .sgd(learningRate: 0.01) }),
    ("gradient-descent", { .gradientDescent(learningRate: 0.01) }),
    ("momentum", { .momentum(learningRate: 0.01) }),
    ("nesterov", { .nesterov(learningRate: 0.01) }),
    ("adam", { .adam() }),
    ("adamw", { .adamW() }),
    ("yogi", { .yogi() }),
    ("rmsprop", { .rmsProp() }),
    ("adagrad", { .adagrad() }),
    ("adams-bashforth", { .adamsBashforth(learningRate: 0.01) }),
  ]
}

extension Arguments {
  mutating func namedNumber(_ name: String) throws -> Float? {
    guard let text = takeNamed(name) else { return nil }
    guard let value = Float(text) else { throw invalid("needs a number as \(name), not \"\(text.shortened)\"") }
    return value
  }
}
