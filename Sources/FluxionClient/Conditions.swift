extension FederatedClient {
  /// What the device is in, as far as the app has said: ``updateConditions(network:power:)``.
  public struct Conditions: Hashable, Sendable {
    public enum Network: Hashable, Sendable {
      case offline
      /// Paid for by the byte, or shared with others: cellular, a personal hotspot.
      case metered
      case unmetered
    }

    public enum Power: Hashable, Sendable {
      /// - Parameter level: the share that is left, from 0 to 1.
      case battery(level: Double)
      /// At the mains, also with a full battery or none.
      case charging
    }

    /// nil before the app has said.
    public var network: Network?
    /// nil before the app has said.
    public var power: Power?

    public init(network: Network? = nil, power: Power? = nil) { (self.network, self.power) = (network, power) }
  }

  /// The conditions in which a client may work. Without any it works always, but for where the app says that there is no
  /// network.
  ///
  /// ```swift
  /// configuration.requirements = .init(network: .unmetered, power: .chargingOrBattery(atLeast: 0.3))
  /// ```
  public struct Requirements: Hashable, Sendable {
    public enum Network: Hashable, Sendable { case any, unmetered }

    public enum Power: Hashable, Sendable {
      case any
      case charging
      /// - Parameter atLeast: the share of the battery, from 0 to 1.
      case chargingOrBattery(atLeast: Double)
    }

    public var network: Network
    public var power: Power

    public init(network: Network = .any, power: Power = .any) { (self.network, self.power) = (network, power) }

    /// Why a client may not work in these conditions; nil if it may. What is not known does not meet a requirement.
    public func hindrance(in conditions: Conditions) -> PauseReason? {
      switch (network, conditions.network) {
      case (_, .offline): return .offline
      case (.any, _), (.unmetered, .unmetered): break
      case (.unmetered, .metered): return .meteredNetwork
      case (.unmetered, nil): return .unknownConditions
      }
      switch (power, conditions.power) {
      case (.any, _), (.charging, .charging), (.chargingOrBattery, .charging): return nil
      case (.charging, .battery): return .notCharging
      case (.chargingOrBattery(let share), .battery(let level)): return level >= share ? nil : .lowBattery
      case (_, nil): return .unknownConditions
      }
    }
  }

  /// Why a client does nothing for now.
  public enum PauseReason: Hashable, Sendable, CustomStringConvertible {
    /// The app called ``FederatedClient/pause()``.
    case requested
    /// There is a requirement, and the app has not said yet how things are.
    case unknownConditions
    case offline
    case meteredNetwork
    case lowBattery
    case notCharging

    public var description: String {
      switch self {
      case .requested: "the app has paused it"
      case .unknownConditions: "it is not known whether network and power are as required"
      case .offline: "there is no network"
      case .meteredNetwork: "the network is metered"
      case .lowBattery: "the battery is low"
      case .notCharging: "the device is not charging"
      }
    }
  }

  /// Where a client is in its life.
  public enum State: Hashable, Sendable {
    /// ``FederatedClient/run()`` was not called yet.
    case ready
    /// It takes part, or looks for the server.
    case running
    /// It may not work, whether it runs already or not.
    case paused(PauseReason)
    /// ``FederatedClient/run()`` is over.
    case ended
  }
}
