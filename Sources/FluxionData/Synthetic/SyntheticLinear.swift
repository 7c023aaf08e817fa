import FluxionCalculus

/// A linear regression whose answer is known: `y = x · w* + b* + noise`, drawn from a seed.
///
/// Samples are laid out party by party and carry a column "party", so `.column("party")` deals them to the parties
/// they were drawn for; each party's features may be shifted to make the parties differ.
///
/// ```swift
/// let sample = try SyntheticLinear(samples: 1000, features: 5, parties: 100, partyShift: 1, seed: 7).generate()
/// let devices = try sample.dataset.partitioned(.column("party"))
/// ```
public struct SyntheticLinear: Sendable, Hashable, Codable {
  /// A drawn dataset and the parameters behind it.
  public struct Sample: Sendable {
    public var dataset: Dataset
    /// `w*`, one weight a feature.
    public var weights: [Float]
    /// `b*`.
    public var bias: Float
  }

  /// Samples of all parties together.
  public var samples: Int
  public var features: Int
  /// Parties the samples are laid out for, of nearly equal size.
  public var parties: Int
  /// The standard deviation of the noise on `y`.
  public var noise: Double
  /// The standard deviation of a party's shift, drawn once a party and feature; 0 makes the parties alike.
  public var partyShift: Double
  public var seed: UInt64

  public init(
    samples: Int = 1000, features: Int = 5, parties: Int = 1, noise: Double = 0.1, partyShift: Double = 0,
    seed: UInt64 = 0
  ) {
    self.samples = samples
    self.features = features
    self.parties = parties
    self.noise = noise
    self.partyShift = partyShift
    self.seed = seed
  }

  /// Draws `w*` and `b*` from the standard normal distribution, features from the standard normal distribution
  /// about the party's shift, and noise.
  ///
  /// - Throws: `.invalidArgument` for fewer samples than parties, nothing to draw, too much to hold, or a deviation
  ///   that is negative or not finite.
  public func generate() throws -> Sample {
    try validate()
    let key = RandomKey(seed: seed).folding("synthetic-linear")
    var truth = key.folding("truth").generator()
    let weights = (0..<features).map { _ in Float(truth.nextNormal()) }
    let bias = Float(truth.nextNormal())
    let bounds = evenOffsets(of: samples, parts: parties)
    var (x, y, owners): ([Float], [Float], [Int32]) = ([], [], [])
    x.reserveCapacity(samples * features)
    y.reserveCapacity(samples)
    owners.reserveCapacity(samples)
    for party in 0..<parties {
      let partyKey = key.folding("party", party)
      var shifts = partyKey.folding("shift").generator()
      let shift = (0..<features).map { _ in partyShift * shifts.nextNormal() }
      var draws = partyKey.folding("samples").generator()
      for _ in bounds[party]..<bounds[party + 1] {
        var value = Double(bias)
        for feature in 0..<features {
          let number = Float(draws.nextNormal() + shift[feature])
          x.append(number)
          value += Double(number) * Double(weights[feature])
        }
        y.append(Float(value + noise * draws.nextNormal()))
        owners.append(Int32(party))
      }
    }
    var columns = (0..<features).map { Column(name: "x\($0)", features: $0..<$0 + 1) }
    columns.append(
      Column(
        name: "party", features: features..<features,
        categories: Column.Categories(names: (0..<parties).map(String.init), codes: owners)))
    let dataset = try Dataset(
      name: "synthetic-linear", features: FeatureStorage(x), exampleShape: [features], targets: .values(y),
      columns: columns, labelColumn: "y", normalization: .identity)
    return Sample(dataset: dataset, weights: weights, bias: bias)
  }

  private func validate() throws {
    guard parties >= 1, parties <= samples else {
      throw FluxionError(
        .invalidArgument,
        "\(parties) parties cannot share \(samples) synthetic samples; use 1 to \(max(samples, 1)) parties")
    }
    let (size, overflow) = samples.multipliedReportingOverflow(by: features)
    guard features >= 1, !overflow, size <= 1 << 32, samples <= Dataset.maximumCount else {
      throw FluxionError(
        .invalidArgument,
        "\(samples) synthetic samples of \(features) features cannot be made; use at least 1 feature and at most "
          + "\(1 << 32) numbers in all")
    }
    // A shift or noise of this size keeps every number a finite Float.
    for (what, deviation) in [("noise", noise), ("party shift", partyShift)] {
      guard deviation >= 0, deviation <= 1e30 else {
        throw FluxionError(.invalidArgument, "the \(what) of synthetic data is \(deviation); it must be 0 to 1e30")
      }
    }
  }
}
