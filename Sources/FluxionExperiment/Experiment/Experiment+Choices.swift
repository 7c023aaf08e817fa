import FluxionFederation

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
