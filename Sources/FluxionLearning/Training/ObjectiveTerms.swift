public import FluxionCalculus

extension Objective {
  /// `λ/2 ‖w‖²`
  public static func l2(_ coefficient: Float) -> Objective { Objective([L2Term(coefficient)]) }

  /// `μ/2 ‖w − w₀‖²`; the program reads `w₀`.
  public static func proximal(_ coefficient: Float) -> Objective { Objective([ProximalTerm(coefficient)]) }

  /// `⟨c, w⟩`; the program reads `c`.
  public static let linear = Objective([LinearTerm()])

  /// The terms of both.
  public static func + (a: Objective, b: Objective) -> Objective { Objective(a.terms + b.terms) }
}

/// `λ/2 ‖w‖²` (Hoerl and Kennard 1970, ridge regression); hyperparameter `l2`.
public struct L2Term: ObjectiveTerm {
  public let coefficient: Float

  public init(_ coefficient: Float) { self.coefficient = coefficient }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("l2", coefficient, .nonNegative)] }

  public func value(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> Tensor {
    0.5 * hyper["l2"] * parameters.map { square($0).sum() }.total()
  }

  public func gradient(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> [Tensor] {
    parameters.map { hyper["l2"] * $0 }
  }
}

/// `μ/2 ‖w − w₀‖²`, which keeps a client near the parameters `w₀` it was sent (Li et al. 2018, FedProx, arXiv
/// 1812.06127); hyperparameter `proximal`.
///
/// The program reads one tensor `anchor.…` for each parameter.
public struct ProximalTerm: ObjectiveTerm {
  public let coefficient: Float

  public init(_ coefficient: Float) { self.coefficient = coefficient }

  public var hyperparameters: [Hyperparameter] { [Hyperparameter("proximal", coefficient, .nonNegative)] }

  public func inputs(for parameters: [Program.Input]) -> [Program.Input] {
    parameters.map { Program.Input("anchor.\($0.name)", $0.type) }
  }

  public func value(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> Tensor {
    0.5 * hyper["proximal"] * zip(parameters, inputs).map { square($0 - $1).sum() }.total()
  }

  public func gradient(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> [Tensor] {
    zip(parameters, inputs).map { hyper["proximal"] * ($0 - $1) }
  }
}

/// `⟨c, w⟩`, which adds `c` to every gradient: SCAFFOLD's correction `c − cᵢ` (Karimireddy et al. 2019, arXiv
/// 1910.06378) and the linear term of FedDyn (Acar et al. 2021, arXiv 2111.04263).
///
/// The program reads one tensor `correction.…` for each parameter.
public struct LinearTerm: ObjectiveTerm {
  public init() {}

  public func inputs(for parameters: [Program.Input]) -> [Program.Input] {
    parameters.map { Program.Input("correction.\($0.name)", $0.type) }
  }

  public func value(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> Tensor {
    zip(parameters, inputs).map { dot($0, $1) }.total()
  }

  public func gradient(parameters: [Tensor], inputs: [Tensor], hyper: HyperparameterTensors) -> [Tensor] { inputs }
}

extension [Tensor] {
  /// The sum of scalars; 0 of none.
  fileprivate func total() -> Tensor { first.map { dropFirst().reduce($0, +) } ?? 0 }
}
