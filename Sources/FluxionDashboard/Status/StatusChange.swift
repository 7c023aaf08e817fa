public import Foundation

/// What is different in a ``FederationStatus``: the new value of the part that changed.
public enum StatusChange: Sendable, Equatable {
  case run(FederationStatus.Run)
  case state(FederationStatus.State)
  case round(FederationStatus.Round)
  case party(FederationStatus.Party)
  case analysis(FederationStatus.Analysis)
  case model(FederationStatus.Model)
  /// Everything: for a reader that comes in, or has missed changes.
  case reset(FederationStatus)

  /// What the change is called among server-sent events.
  public var name: String {
    switch self {
    case .run: "run"
    case .state: "state"
    case .round: "round"
    case .party: "party"
    case .analysis: "analysis"
    case .model: "model"
    case .reset: "reset"
    }
  }

  /// The part, as JSON on one line.
  public func json() throws -> Data {
    let encoder = FederationStatus.encoder
    return switch self {
    case .run(let part): try encoder.encode(part)
    case .state(let part): try encoder.encode(part)
    case .round(let part): try encoder.encode(part)
    case .party(let part): try encoder.encode(part)
    case .analysis(let part): try encoder.encode(part)
    case .model(let part): try encoder.encode(part)
    case .reset(let part): try encoder.encode(part)
    }
  }
}

/// The place of a change among all: which board told it, and how many it had told before.
public struct ChangeID: Hashable, Sendable, LosslessStringConvertible {
  /// Of the board: another after a restart, when numbers begin again.
  public var board: UInt64
  public var number: Int

  public init(board: UInt64, number: Int) {
    self.board = board
    self.number = number
  }

  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard text.utf8.count <= 40, parts.count == 2, let board = UInt64(parts[0], radix: 16), let number = Int(parts[1]),
      number >= 0
    else { return nil }
    self.init(board: board, number: number)
  }

  public var description: String { "\(String(board, radix: 16))-\(number)" }
}

/// What a reader of a board is told.
public enum StatusNews: Sendable, Equatable {
  case change(ChangeID, StatusChange)
  /// Nothing is new: the board is there.
  case heartbeat
}
