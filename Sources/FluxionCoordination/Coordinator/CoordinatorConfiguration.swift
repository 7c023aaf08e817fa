public import FluxionFederation
public import FluxionLearning

/// What a coordinator needs to know beside algorithm and world.
public struct CoordinatorConfiguration: Sendable {
  public var policy: RoundPolicy
  /// The parameters that the first round starts from.
  public var parameters: Parameters
  /// Evaluates the global model; called as the policy says.
  public var evaluate: @Sendable (Parameters) async throws -> Evaluation
  /// What a client is called in records and errors.
  public var name: @Sendable (_ client: Int) -> String
  /// Whether records tell what each client did.
  public var recordsClients: Bool
  /// Looks into rounds when they are aggregated; nil for never.
  public var analysis: Analysis?

  /// Which rounds are analysed, and by what.
  public struct Analysis: Sendable {
    public var settings: GradientAnalysis
    /// Called once the global model has made its step; its time is not the round's.
    public var analyze: @Sendable (AnalyzedRound) async throws -> RoundAnalysis

    public init(
      _ settings: GradientAnalysis, analyze: @escaping @Sendable (AnalyzedRound) async throws -> RoundAnalysis
    ) {
      self.settings = settings
      self.analyze = analyze
    }
  }

  public init(
    policy: RoundPolicy, parameters: Parameters,
    evaluate: @escaping @Sendable (Parameters) async throws -> Evaluation,
    name: @escaping @Sendable (_ client: Int) -> String = { "party \($0)" }, recordsClients: Bool = true,
    analysis: Analysis? = nil
  ) {
    self.policy = policy
    self.parameters = parameters
    self.evaluate = evaluate
    self.name = name
    self.recordsClients = recordsClients
    self.analysis = analysis
  }
}

/// What an analysis is given of a round.
public struct AnalyzedRound: Sendable {
  public var round: Int
  /// Whose updates count, ascending.
  public var clients: [Int]
  /// The global parameters that the round began with.
  public var before: Parameters
  /// The global parameters that it ended with.
  public var after: Parameters
  /// The changes `w_k − w` of the clients as they arrived, in the order of ``clients``; nil where clients do not train,
  /// or there are more than ``GradientAnalysis/maximumParties``.
  public var updates: [ClientUpdate]?
}
