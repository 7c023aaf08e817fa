import FluxionData
import FluxionLearning
import FluxionStore

extension RunIdentity {
  /// What the rounds of an experiment depend on: every setting but those that say where and how fast and what comes
  /// afterwards, the data as it is dealt out, and the tensors of the model.
  init(_ prepared: PreparedExperiment) throws {
    var fields: [(name: String, value: String)] = Experiment.settings.compactMap { setting in
      guard !Experiment.immaterialSettings.contains(setting.name), setting.name != "baselines" else { return nil }
      return setting.scalar(prepared.experiment).map { (setting.name, $0.text) }
    }
    let layout = try prepared.task.layout(input: prepared.partition.dataset.exampleShape)
    fields.append(("tensors", layout.entries.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")))
    fields.append(("the SHA-256 of the data", prepared.partition.contentSHA256))
    self.init(fields)
  }
}

extension Experiment {
  /// Settings that change nothing of the result.
  static let immaterialSettings: Set<String> = ["threads", "output", "dataDir"]
}
