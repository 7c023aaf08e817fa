import FluxionCalculus

/// A named chain of gradient transforms with its hyperparameters: what one local step does with a gradient.
///
/// ```swift
/// let optimizer = Optimizer.momentum(learningRate: 0.1, momentum: 0.9).with(weightDecay: 1e-4, clipNorm: 1)
/// ```
public struct Optimizer: Sendable {
  public let name: String
  public let transform: Chain
  /// The scalar inputs of the step program, with their values.
  public private(set) var hyperparameters: [Hyperparameter]

  public init(_ name: String, _ transform: Chain) {
    self.name = name
    self.transform = transform
    hyperparameters = transform.hyperparameters
  }

  /// A chain with other values than its transforms' own for some hyperparameters.
  init(_ name: String, _ transform: Chain, values: [Hyperparameter]) {
    self.init(name, transform)
    for index in hyperparameters.indices {
      guard let known = values.first(where: { $0.name == hyperparameters[index].name }) else { continue }
      hyperparameters[index].value = known.value
    }
  }

  /// The value of a hyperparameter, if the chain has it.
  public subscript(name: String) -> Float? { hyperparameters.first { $0.name == name }?.value }

  /// The same chain with another value.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` if the chain has no such hyperparameter, or for a value outside
  ///   its bounds.
  public func setting(_ name: String, to value: Float) throws -> Optimizer {
    guard let index = hyperparameters.firstIndex(where: { $0.name == name }) else {
      throw FluxionError(
        .invalidArgument,
        "optimizer \(self.name): " + unknownName(name, "hyperparameter", among: hyperparameters.map(\.name)))
    }
    var copy = self
    copy.hyperparameters[index].value = value
    try copy.validate()
    return copy
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` for a hyperparameter outside its bounds.
  public func validate() throws {
    for hyperparameter in hyperparameters {
      do {
        try hyperparameter.validate()
      } catch let error as FluxionError {
        throw FluxionError(error.code, "optimizer \(name): \(error.message)")
      }
    }
  }
}
