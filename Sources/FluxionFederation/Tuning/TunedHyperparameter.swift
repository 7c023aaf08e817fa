import FluxionCalculus
import Foundation

/// A hyperparameter that a federation can tune by differentiation.
///
/// Steps are taken in a coordinate `z` in which all values are allowed: `z = log θ` for positive numbers, and
/// `z = log θ/(1 − θ)` for momentum. There `dL/dz = dL/dθ · dθ/dz`.
public enum TunedHyperparameter: String, Codable, Hashable, Sendable, CaseIterable {
  /// Of the local optimiser.
  case learningRate = "learning-rate"
  /// Of the local optimiser, or the penalty's coefficient λ.
  case weightDecay = "weight-decay"
  /// Of the local optimiser.
  case momentum
  /// FedProx's μ.
  case proximal
  /// Of the server's optimiser.
  case serverLearningRate = "server-learning-rate"

  /// Its name among the hyperparameters of a step program; of the server's for ``serverLearningRate``.
  public var programName: String {
    switch self {
    case .learningRate, .serverLearningRate: "learningRate"
    case .weightDecay: "weightDecay"
    case .momentum: "momentum"
    case .proximal: "proximal"
    }
  }

  /// Whether clients step with it.
  public var isLocal: Bool { self != .serverLearningRate }

  func coordinate(_ value: Double) -> Double { self == .momentum ? log(value / (1 - value)) : log(value) }

  func value(at coordinate: Double) -> Double { self == .momentum ? 1 / (1 + exp(-coordinate)) : exp(coordinate) }

  /// `dθ/dz`.
  func slope(at value: Double) -> Double { self == .momentum ? value * (1 - value) : value }

  /// Where tuning may lead that begins at a value.
  func bounds(from initial: Double) -> ClosedRange<Double> {
    func within(_ factor: Double, cap: Double) -> ClosedRange<Double> {
      (initial / factor)...max(initial, min(initial * factor, cap))
    }
    return switch self {
    case .learningRate: within(1000, cap: 100)
    case .weightDecay: within(1000, cap: 1)
    case .proximal: within(1000, cap: 100)
    case .serverLearningRate: within(30, cap: 30)
    case .momentum: min(initial, 0.001)...max(initial, 0.999)
    }
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` for a value that tuning cannot begin with.
  func requireBeginning(_ initial: Double) throws {
    guard initial > 0 else {
      throw FluxionError(
        .invalidArgument, "tuning \(rawValue) needs a value above 0 to begin with; it was given \(initial)")
    }
  }
}
