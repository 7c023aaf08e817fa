public import FluxionCoordination

/// Parties in other processes, with whom a run takes place instead of with simulated ones.
///
/// The coordinator, the algorithm and the evaluation on the test set are the simulation's; what a party does happens at
/// the other end of the transport. A party without a usable update does not end the run, since it may be faulty.
public struct RemoteParties: Sendable {
  public struct Party: Hashable, Sendable {
    public var name: String
    /// The examples that it says it trains on.
    public var samples: Int

    public init(name: String, samples: Int) { (self.name, self.samples) = (name, samples) }
  }

  public var transport: any Transport
  /// By their index in rounds and records.
  public var parties: [Party]
  /// What is done about those that take long.
  public var stragglers: StragglerPolicy
  /// Puts something before the store that watches what it is given, such as the live page.
  public var watching: @Sendable (any Store) -> any Store = { $0 }

  public init(
    _ parties: [Party], over transport: any Transport, _ stragglers: StragglerPolicy = StragglerPolicy(quorum: 0.5)
  ) {
    self.parties = parties
    self.transport = transport
    self.stragglers = stragglers
  }
}
