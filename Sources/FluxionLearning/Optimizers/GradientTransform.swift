public import FluxionCalculus

/// A pure step on gradients with explicit state: what optimisers are composed of (after optax, `_src/base.py`).
///
/// A transform is traced, not run: gradients, state, parameters and hyperparameters are symbolic. What a chain leaves of
/// the gradients is subtracted from the parameters.
///
/// ```swift
/// /// `u ← sign g` (Bernstein et al. 2018, arXiv 1802.04434)
/// struct TakeSign: GradientTransform {
///   func update(
///     _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
///   ) -> (updates: [Tensor], state: [Tensor]) {
///     (gradients.map { sign($0) }, state)
///   }
/// }
/// let signSGD = Optimizer("sign-sgd", chain(TakeSign(), ScaleByLearningRate(0.01)))
/// ```
public protocol GradientTransform: Sendable {
  /// The numbers it takes, with their defaults. Transforms of a chain that name the same one share it.
  var hyperparameters: [Hyperparameter] { get }

  /// What it keeps between steps for parameters of these names and types, and how that begins.
  func initialState(for parameters: [Program.Input]) -> [StateSpec]

  /// One update for each gradient, and the state after the step, as many tensors of the same types as before.
  func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor])
}

extension GradientTransform {
  public var hyperparameters: [Hyperparameter] { [] }
  public func initialState(for parameters: [Program.Input]) -> [StateSpec] { [] }
}

/// One `float32` tensor that a transform keeps between steps: it begins with one value everywhere.
public struct StateSpec: Hashable, Sendable, Codable {
  public var name: String
  public var shape: Shape
  public var fill: Float

  public init(_ name: String, _ shape: Shape, fill: Float = 0) {
    self.name = name
    self.shape = shape
    self.fill = fill
  }

  /// One tensor like each parameter, called `prefix.parameter`.
  public static func like(_ parameters: [Program.Input], _ prefix: String, fill: Float = 0) -> [StateSpec] {
    parameters.map { StateSpec("\(prefix).\($0.name)", $0.type.shape, fill: fill) }
  }
}

/// Transforms one after the other, each on what the one before leaves.
public struct Chain: GradientTransform {
  public let transforms: [any GradientTransform]

  public init(_ transforms: [any GradientTransform]) { self.transforms = transforms }

  public var hyperparameters: [Hyperparameter] {
    transforms.flatMap(\.hyperparameters).uniqued()
  }

  public func initialState(for parameters: [Program.Input]) -> [StateSpec] {
    transforms.flatMap { $0.initialState(for: parameters) }
  }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    let inputs = zip(parameters.indices, parameters).map { Program.Input("\($0)", $1.type) }
    var (updates, unused, next) = (gradients, state[...], [Tensor]())
    for transform in transforms {
      let own = Array(unused.prefix(transform.initialState(for: inputs).count))
      unused = unused.dropFirst(own.count)
      let result = transform.update(updates, state: own, parameters: parameters, hyper: hyper)
      updates = result.updates
      next += result.state
    }
    return (updates, next)
  }
}

/// Transforms one after the other.
public func chain(_ transforms: any GradientTransform...) -> Chain { Chain(transforms) }

extension [Hyperparameter] {
  /// The first of each name.
  func uniqued() -> [Hyperparameter] {
    var names: Set<String> = []
    return filter { names.insert($0.name).inserted }
  }
}
