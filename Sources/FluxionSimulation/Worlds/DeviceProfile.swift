import FluxionCalculus
import FluxionData
import FluxionFederation
import Foundation

/// How fast the parties' devices are, in a simulation's own time.
///
/// To train on one sample once takes a device of speed 1 a simulated millisecond. The speed of party `k` is `e^(σ z_k)`,
/// where the `z_k` are standard normal draws of the run's seed and `σ` the spread.
///
/// ```swift
/// DeviceProfile.uneven(spread: 1)   // about a third is more than 2.7 times as fast or as slow as the middle
/// ```
public enum DeviceProfile: Hashable, Sendable {
  /// All devices are of speed 1.
  case even
  case uneven(spread: Double)

  /// The speed of a party's device.
  func speed(of party: Int, key: RandomKey) -> Double {
    guard case .uneven(let spread) = self else { return 1 }
    var generator = key.folding("device", party).generator()
    return exp(spread * generator.nextNormal())
  }

  /// How long a party works.
  func duration(of work: ClientWork, samples: Int, party: Int, key: RandomKey) -> Duration {
    let passes = if case .training(let local) = work { local.epochs } else { 1 }
    return .milliseconds(samples * passes) / speed(of: party, key: key)
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` for a spread that cannot be.
  func validate() throws {
    guard case .uneven(let spread) = self else { return }
    guard spread >= 0, spread <= 5 else {
      throw FluxionError(.invalidArgument, "the spread of the devices' speeds is 0 to 5; it was given \(spread)")
    }
  }
}
