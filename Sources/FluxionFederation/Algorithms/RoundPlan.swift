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

  public init(
    work: ClientWork, transforms: [any UpdateTransform] = [], weighting: Weighting = .samples,
    aggregator: any Aggregator = ExactMean()
  ) {
    self.work = work
    self.transforms = transforms
    self.weighting = weighting
    self.aggregator = aggregator
  }
}

/// What a client does with the global parameters and its own data, and what it sends back.
public enum ClientWork: Sendable {
  /// Trains, and sends the change of the parameters: `w_k − w`.
  case training(LocalTraining)
  /// Takes no step, and sends the gradient of its mean loss at the global parameters over all its samples: `∇L_k(w)`.
  case gradient
}
