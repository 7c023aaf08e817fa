public import FluxionCalculus

/// What a step makes small: the mean loss of a batch plus terms, such as a penalty on the parameters.
public struct Objective: Sendable {
  public var terms: [any ObjectiveTerm]

  public init(_ terms: [any ObjectiveTerm] = []) { self.terms = terms }
}

/// A number that is added to the mean loss of a batch: a function of the parameters, of tensors that the program is
/// given beside them, and of hyperparameters.
public protocol ObjectiveTerm: Sendable {
  var hyperparameters: [Hyperparameter] { get }

  /// The tensors it reads, for parameters of these names and types.
  func inputs(for parameters: [Program.Input]) -> [Program.Input]

  /// The scalar that is added.
  func value(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> Tensor

  /// The derivative of ``value(parameters:inputs:hyper:)`` for each parameter: differentiated unless a term has a
  /// shorter form of it.
  func gradient(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> [Tensor]
}

extension ObjectiveTerm {
  public var hyperparameters: [Hyperparameter] { [] }

  public func inputs(for parameters: [Program.Input]) -> [Program.Input] { [] }

  public func gradient(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> [Tensor] {
    FluxionCalculus.gradient(
      of: value(parameters: parameters, inputs: inputs, hyper: hyper), withRespectTo: parameters)
  }
}
