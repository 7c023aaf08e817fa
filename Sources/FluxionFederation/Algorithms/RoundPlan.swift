import FluxionLearning

/// One round as an algorithm wants it: the clients' work, what each update counts, and how updates become one.
public struct RoundPlan: Sendable {
  /// What every client of the cohort does.
  public var work: ClientWork
  /// What happens to an update before it leaves the client, in this order.
  public var transforms: [any UpdateTransform]
  /// What an update counts in the aggregate.
  public var weighting: Weighting
  /// How updates become one.
  public var aggregator: any Aggregator
  /// What clients do to tune hyperparameters; nil where none are tuned.
  public var tuning: TuningRequest?
  /// The gradient that clients send behind their update; nil for none.
  public var gradient: ClientGradient?

  public init(
    work: ClientWork, transforms: [any UpdateTransform] = [], weighting: Weighting = .samples,
    aggregator: any Aggregator = ExactMean(), gradient: ClientGradient? = nil
  ) {
    self.work = work
    self.transforms = transforms
    self.weighting = weighting
    self.aggregator = aggregator
    self.gradient = gradient
  }

  /// How many values a client sends for a model of so many parameters.
  public func uploadCount(parameters count: Int) -> Int { gradient == nil ? count : 2 * count }
}

/// What a client does with the global parameters and its own data, and what it sends back.
public enum ClientWork: Sendable {
  /// Trains, and sends the change of the parameters: `w_k − w`.
  case training(LocalTraining)
  /// Takes no step, and sends the gradient of its mean loss at the global parameters over all its samples: `∇L_k(w)`.
  case gradient
}

/// A gradient that a client sends behind its update, a value for each parameter.
public struct ClientGradient: Hashable, Sendable {
  /// Where it is taken.
  public enum Point: Hashable, Sendable {
    /// At the global parameters, before training.
    case start
    /// At the client's own parameters, after training.
    case end
  }

  /// Of the mean loss over which examples.
  public enum Examples: Hashable, Sendable {
    /// Those that the client trains on.
    case training
    /// Those that it keeps for validation; zeros if it keeps none.
    case validation
  }

  public var point: Point
  public var examples: Examples

  public init(at point: Point, of examples: Examples) {
    self.point = point
    self.examples = examples
  }
}

extension ClientWork {
  /// The local training whose steps do this work.
  package var training: LocalTraining {
    switch self {
    case .training(let local): local
    case .gradient: GradientAccumulation.training(chunk: GradientAccumulation.chunk, objective: Objective())
    }
  }

  /// What of the work is no step's business.
  package var kind: ClientRound.Work {
    switch self {
    case .training: .training
    case .gradient: .gradient
    }
  }
}
