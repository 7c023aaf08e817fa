import FluxionCalculus
public import FluxionFederation
import Foundation

/// Something chosen by its name.
protocol NamedChoice: CaseIterable, RawRepresentable, Sendable where RawValue == String {}

extension Experiment {
  /// What happens in a round.
  public enum Algorithm: String, NamedChoice, Hashable {
    /// Local epochs, then the average of the models (McMahan et al. 2016, arXiv 1602.05629).
    case federatedAveraging = "fedavg"
    /// The average of full-batch gradients, then one step of the server (ibid.).
    case federatedSGD = "fedsgd"
    /// Local epochs, then an aggregator with a step along its derivative.
    case differentiableAveraging = "differentiable-averaging"
    /// Local epochs, and a step of the server with every few updates, whatever model they were begun from (Nguyen et al.
    /// 2022, arXiv 2106.06639).
    case fedBuff = "fedbuff"
  }

  /// What a party's update counts in the average.
  public enum PartyWeighting: String, NamedChoice, Hashable {
    /// As much as the party has samples.
    case samples
    /// As much as any other.
    case uniform
    /// What lowers the validation loss.
    case learned

    /// What clients are told; learnt weights begin at the samples.
    var rule: Weighting { self == .uniform ? .uniform : .samples }
  }

  /// What each party steps with.
  public enum LocalOptimizer: String, NamedChoice, Hashable {
    case sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad
    /// Gradient descent: sgd on all of a party's samples at once.
    case gradientDescent = "gd"
    /// Two steps of Adams and Bashforth on the gradient flow.
    case adamsBashforth = "adams-bashforth"
  }
}

extension Tuning.Mode: NamedChoice {}

/// The hyperparameters to tune: `learning-rate,momentum`.
public struct TuneChoice: Sendable, Hashable, CustomStringConvertible {
  public var hyperparameters: [TunedHyperparameter]

  public init(_ hyperparameters: [TunedHyperparameter]) { self.hyperparameters = hyperparameters }

  /// The names a user may write.
  public static let names = TunedHyperparameter.allCases.map(\.rawValue)

  public var description: String { hyperparameters.map(\.rawValue).joined(separator: ",") }

  /// - Throws: `.invalidConfiguration` for a name that is not known, with the nearest, or given twice.
  public init(parsing text: String) throws {
    var chosen: [TunedHyperparameter] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let name = part.trimmingCharacters(in: .whitespaces)
      guard let hyperparameter = TunedHyperparameter(rawValue: name) else {
        let hint = nearest(name, among: Self.names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw FluxionError(
          .invalidConfiguration,
          "tune takes one or more of \(Self.names.joined(separator: ", ")), with commas between; "
            + "it was given \"\(text)\"\(hint)")
      }
      guard !chosen.contains(hyperparameter) else {
        throw FluxionError(.invalidConfiguration, "tune was given \(name) twice")
      }
      chosen.append(hyperparameter)
    }
    self.init(chosen)
  }
}
