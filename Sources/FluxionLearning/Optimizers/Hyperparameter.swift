public import FluxionCalculus

/// A number that steers training: a scalar input of the traced program, so that it can change every step without
/// compiling again, and be differentiated with respect to.
public struct Hyperparameter: Hashable, Sendable, Codable {
  /// Which values mean something.
  public enum Bounds: String, Hashable, Sendable, Codable {
    case finite
    case nonNegative
    case positive
    /// From 0 up to but not 1.
    case fraction

    func contains(_ value: Float) -> Bool {
      guard value.isFinite else { return false }
      return switch self {
      case .finite: true
      case .nonNegative: value >= 0
      case .positive: value > 0
      case .fraction: value >= 0 && value < 1
      }
    }

    var description: String {
      switch self {
      case .finite: "a finite number"
      case .nonNegative: "a finite number not below 0"
      case .positive: "a positive finite number"
      case .fraction: "from 0 up to but not 1"
      }
    }
  }

  public let name: String
  public var value: Float
  public let bounds: Bounds

  public init(_ name: String, _ value: Float, _ bounds: Bounds = .finite) {
    self.name = name
    self.value = value
    self.bounds = bounds
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` for a value outside the bounds.
  public func validate() throws {
    guard bounds.contains(value) else {
      throw FluxionError(.invalidArgument, "\(name) is \(bounds.description); it was given \(value)")
    }
  }
}

/// The hyperparameters of a program being traced, by name.
public struct HyperparameterTensors {
  private let tensors: [String: Tensor]

  public init(_ hyperparameters: [Hyperparameter], _ tensors: [Tensor]) {
    self.tensors = Dictionary(zip(hyperparameters.map(\.name), tensors)) { first, _ in first }
  }

  /// The scalar of a name; invalid if the transform that asks for it did not declare it.
  public subscript(name: String) -> Tensor {
    tensors[name] ?? .invalid(FluxionError(.invalidArgument, "no transform declares the hyperparameter \"\(name)\""))
  }
}
