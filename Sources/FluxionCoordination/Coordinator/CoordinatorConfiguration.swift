public import FluxionLearning

/// What a coordinator needs to know beside algorithm, policy and world.
public struct CoordinatorConfiguration: Sendable {
  /// Scores of the global model, as far as there are any.
  public struct Score: Codable, Hashable, Sendable {
    public var loss: Double?
    public var accuracy: Double?
    /// Every metric by name.
    public var metrics: [String: Double]

    public init(loss: Double? = nil, accuracy: Double? = nil, metrics: [String: Double] = [:]) {
      self.loss = loss
      self.accuracy = accuracy
      self.metrics = metrics
    }
  }

  public var policy: RoundPolicy
  /// The parameters that the first round starts from.
  public var parameters: Parameters
  /// Evaluates the global model; called as the policy says.
  public var evaluate: @Sendable (Parameters) async throws -> Score
  /// What a client is called in records; nil keeps what each client did out of them.
  public var name: (@Sendable (_ client: Int) -> String)?

  public init(
    policy: RoundPolicy, parameters: Parameters, evaluate: @escaping @Sendable (Parameters) async throws -> Score,
    name: (@Sendable (_ client: Int) -> String)? = nil
  ) {
    self.policy = policy
    self.parameters = parameters
    self.evaluate = evaluate
    self.name = name
  }
}
