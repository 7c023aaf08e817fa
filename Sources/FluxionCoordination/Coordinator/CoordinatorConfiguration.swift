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

  public init(
    policy: RoundPolicy, parameters: Parameters,
    evaluate: @escaping @Sendable (Parameters) async throws -> Evaluation,
    name: @escaping @Sendable (_ client: Int) -> String = { "party \($0)" }, recordsClients: Bool = true
  ) {
    self.policy = policy
    self.parameters = parameters
    self.evaluate = evaluate
    self.name = name
    self.recordsClients = recordsClients
  }
}
