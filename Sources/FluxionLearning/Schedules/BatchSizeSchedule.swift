import Foundation
import FluxionCalculus

/// How the batch size changes over rounds.
///
/// A larger batch instead of a smaller learning rate (Smith, Kindermans, Ying and Le 2017, arXiv 1711.00489).
///
/// ```swift
/// BatchSizeSchedule.step(every: 10, factor: 2, maximum: 256).size(32, at: 25)  // 128
/// ```
public enum BatchSizeSchedule: Hashable, Sendable {
  case constant
  /// `base · factorᵏ` with `k = ⌊t / every⌋`, rounded down, at least 1 and at most `maximum`.
  case step(every: Int, factor: Double, maximum: Int? = nil)
  /// `base + k · increment` with `k = ⌊t / every⌋`, at most `maximum`.
  case linear(every: Int, increment: Int, maximum: Int? = nil)

  /// The batch size of a round, counted from 0.
  public func size(_ base: Int, at round: Int) -> Int {
    let size: Double
    let limit: Int?
    switch self {
    case .constant: return max(base, 1)
    case .step(let every, let factor, let maximum):
      size = Double(base) * Foundation.pow(factor, Double(max(round, 0) / max(every, 1)))
      limit = maximum
    case .linear(let every, let increment, let maximum):
      size = Double(base) + Double(max(round, 0) / max(every, 1)) * Double(increment)
      limit = maximum
    }
    // Far beyond any batch, and an integer in any case.
    return Int(max(1, min(size, Double(limit ?? 1 << 30), 0x1p30)).rounded(.down))
  }
}

extension BatchSizeSchedule: CustomStringConvertible {
  /// As ``named(_:)`` reads it.
  public var description: String {
    switch self {
    case .constant: "constant"
    case .step(let every, let factor, let maximum): "step:\(every),\(factor)" + (maximum.map { ",\($0)" } ?? "")
    case .linear(let every, let increment, let maximum):
      "linear:\(every),\(increment)" + (maximum.map { ",\($0)" } ?? "")
    }
  }

  /// The schedule that a text describes: `constant`, `step:<every>,<factor>[,<maximum>]` or
  /// `linear:<every>,<increment>[,<maximum>]`.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known name or says which number is
  ///   wrong.
  public static func named(_ text: String) throws -> BatchSizeSchedule {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "").trimmed
    guard names.contains(name) else {
      throw FluxionError(.invalidConfiguration, unknownName(name, "batch size schedule", among: names))
    }
    var arguments = try Arguments(parts.count == 2 ? parts[1] : "", of: "batch size schedule \(name)")
    let schedule: BatchSizeSchedule
    switch name {
    case "step":
      schedule = .step(
        every: try arguments.count("every"), factor: try arguments.factor("factor"), maximum: try arguments.maximum())
    case "linear":
      schedule = .linear(
        every: try arguments.count("every"), increment: try arguments.count("increment", from: 0),
        maximum: try arguments.maximum())
    default: schedule = .constant
    }
    try arguments.finish()
    return schedule
  }

  /// The names ``named(_:)`` knows.
  public static let names = ["constant", "step", "linear"]
}

extension BatchSizeSchedule: Codable {
  public init(from decoder: any Decoder) throws {
    self = try Self.named(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Arguments {
  /// A largest batch size; 0, when it is left out, is none.
  fileprivate mutating func maximum() throws -> Int? {
    let value = try count("maximum", from: 0, default: 0)
    return value == 0 ? nil : value
  }
}
