import FluxionCalculus
package import FluxionData
import Foundation

extension Experiment {
  /// Samples that each party of the synthetic regression has for training.
  static let syntheticSamplesPerParty = 10
  static let syntheticFeatures = 5

  /// The data as its source has it, with a test part: its own, or one split off by the seed.
  ///
  /// Tables are standardised by the statistics of their training part.
  ///
  /// - Throws: `.notFound`, `.corruptData` or `.invalidArgument` with what is wrong with the data.
  func loadData() throws -> TrainTestSplit {
    switch data {
    case .digits: return try Dataset.digits().split(testFraction: testFraction, seed: seed, stratified: true)
    case .mnist: return try Dataset.mnist(in: DataDirectory(dataDir))
    case .idx(let directory): return try Dataset.imageDirectory(directory)
    case .csv(let file):
      let table = try Dataset.csv(file, options: CSVOptions(labelColumn: labelColumn))
      return try table.split(testFraction: testFraction, seed: seed).standardized()
    case .syntheticLinear: return try syntheticLinear()
    }
  }

  /// The data of one party that is all its own: all digits, and of what has a test part the others.
  ///
  /// - Throws: as ``loadData()``.
  package func ownData() throws -> DatasetView {
    data == .digits ? try Dataset.digits().all : try loadData().train
  }

  /// Ten samples a party for training, and the test part on top.
  private func syntheticLinear() throws -> TrainTestSplit {
    let parties = parties ?? Defaults.syntheticParties
    let (wanted, overflow) = parties.multipliedReportingOverflow(by: Self.syntheticSamplesPerParty)
    let total = Double(wanted) / (1 - testFraction)
    guard !overflow, total < 1e8 else {
      throw FluxionError(
        .invalidConfiguration,
        "synthetic-linear cannot be drawn for \(parties) parties with a test fraction of \(testFraction); "
          + "use fewer parties or a smaller fraction")
    }
    var samples = max(wanted + 1, Int(total) - 2)
    // As many as the split leaves for training: one more sample adds at most one to it.
    while samples - max(1, Int((Double(samples) * testFraction).rounded())) < wanted { samples += 1 }
    let sample = try SyntheticLinear(
      samples: samples, features: Self.syntheticFeatures, parties: parties, seed: seed
    ).generate()
    return try sample.dataset.split(testFraction: testFraction, seed: seed)
  }

  /// The data dealt out to the parties, with its test part; everything that follows from the data is filled in.
  ///
  /// - Throws: `.invalidArgument` for a partition that cannot be made.
  func deal(_ split: TrainTestSplit) throws -> (experiment: Experiment, partition: Partition) {
    let experiment = filled(for: split.train)
    let partition = try split.partitioned(
      experiment.partition ?? .iid, parties: experiment.parties, seed: seed, validation: experiment.validation)
    var dealt = try experiment.filledForStragglers(parties: partition.count)
    dealt.parties = partition.count
    return (dealt, partition)
  }
}
