import FluxionCalculus
import Foundation

/// What an update counts that was begun from an older model: `s(τ) = (1 + τ)^(−a)` of what it would count else, where the
/// staleness `τ` is the number of steps that the server has taken since.
///
/// Nguyen, Malik, Zhan, Yousefpour, Rabbat, Malek and Huba 2022, "Federated learning with buffered asynchronous
/// aggregation" (FedBuff), AISTATS, arXiv 2106.06639, with `a = 1/2`; the family is from Xie, Koyejo and Gupta 2019,
/// arXiv 1903.03934.
///
/// ```swift
/// StalenessWeighting().factor(staleness: 3)   // 0.5
/// ```
public struct StalenessWeighting: Codable, Hashable, Sendable {
  /// `a`, at least 0; with 0 an old update counts like any other.
  public var exponent: Double
  /// Who has not reported within so many steps of the server is not waited for any longer; nil to wait for ever.
  public var maximum: Int?

  public init(exponent: Double = 0.5, maximum: Int? = nil) {
    self.exponent = exponent
    self.maximum = maximum
  }

  /// What an update is multiplied by; 1 for one that is not stale.
  public func factor(staleness: Int) -> Float {
    staleness > 0 ? Float(pow(1 + Double(staleness), -exponent)) : 1
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` for an exponent that is negative or not finite, or a negative
  ///   maximum.
  package func validate() throws {
    if let maximum, maximum < 0 {
      throw FluxionError(.invalidArgument, "the largest staleness is a number not below 0; it was given \(maximum)")
    }
    guard exponent >= 0, exponent.isFinite else {
      throw FluxionError(
        .invalidArgument, "the exponent of staleness is a number not below 0; it was given \(exponent)")
    }
  }
}

/// A sum that takes updates scaled, for those that are stale.
package struct ScaledUpdates: UpdateAccumulator {
  package var base: any UpdateAccumulator
  private let scale: Float

  package init(_ base: any UpdateAccumulator, scale: Float) { (self.base, self.scale) = (base, scale) }

  package mutating func fold(_ update: UnsafeBufferPointer<Float>, weight: Int, client: Int) throws {
    try update.map { scale * $0 }.withUnsafeBufferPointer { try base.fold($0, weight: weight, client: client) }
  }

  package mutating func merge(_ other: any UpdateAccumulator) throws {
    throw FluxionError(.unsupported, "updates that are summed already cannot be scaled; deliver them one by one")
  }

  package func finish() throws -> [Float] { try base.finish() }

  package mutating func reset() { base.reset() }
}
