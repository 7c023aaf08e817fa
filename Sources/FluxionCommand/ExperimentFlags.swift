package import ArgumentParser
package import Fluxion

/// The settings of an experiment as flags; their names, forms and help come from the experiment's own table.
package struct ExperimentFlags: ParsableArguments {
  @OptionGroup(title: "Data") var data: DataFlags
  @OptionGroup(title: "Learning") var learning: LearningFlags
  @OptionGroup(title: "Parties that take long") var stragglers: StragglerFlags
  @OptionGroup(title: "Run") var run: RunFlags

  package init() {}

  /// Puts what was given in place of what `experiment` says.
  package func apply(to experiment: inout Experiment) throws {
    try experiment.apply(data.given + learning.given + stragglers.given + run.given)
  }
}

package struct DataFlags: ParsableArguments {
  @Option(help: .setting("data")) package var data: String?
  @Option(help: .setting("dataDir")) package var dataDir: String?
  @Option(help: .setting("labelColumn")) package var labelColumn: String?
  @Option(help: .setting("testFraction")) package var testFraction: String?
  @Option(help: .setting("parties")) package var parties: String?
  @Option(help: .setting("partition")) package var partition: String?
  @Option(help: .setting("validation")) package var validation: String?

  package init() {}

  package var given: [(String, String?)] {
    [
      ("data", data), ("dataDir", dataDir), ("labelColumn", labelColumn), ("testFraction", testFraction),
      ("parties", parties), ("partition", partition), ("validation", validation),
    ]
  }
}

struct LearningFlags: ParsableArguments {
  @Option(help: .setting("model")) var model: String?
  @Option(help: .setting("algorithm")) var algorithm: String?
  @Option(help: .setting("rounds")) var rounds: String?
  @Option(help: .setting("cohort")) var cohort: String?
  @Option(help: .setting("epochs")) var epochs: String?
  @Option(help: .setting("batchSize")) var batchSize: String?
  @Option(help: .setting("optimizer")) var optimizer: String?
  @Option(help: .setting("learningRate")) var learningRate: String?
  @Option(help: .setting("schedule")) var schedule: String?
  @Option(help: .setting("momentum")) var momentum: String?
  @Option(help: .setting("weightDecay")) var weightDecay: String?
  @Option(help: .setting("weighting")) var weighting: String?
  @Option(help: .setting("proximal")) var proximal: String?
  @Option(help: .setting("tune")) var tune: String?
  @Option(help: .setting("tuneMode")) var tuneMode: String?
  @Option(help: .setting("aggregator")) var aggregator: String?
  @Option(help: .setting("aggregationRate")) var aggregationRate: String?

  var given: [(String, String?)] {
    [
      ("model", model), ("algorithm", algorithm), ("rounds", rounds), ("cohort", cohort), ("epochs", epochs),
      ("batchSize", batchSize), ("optimizer", optimizer), ("learningRate", learningRate), ("schedule", schedule),
      ("momentum", momentum), ("weightDecay", weightDecay), ("weighting", weighting),
      ("proximal", proximal), ("tune", tune), ("tuneMode", tuneMode),
      ("aggregator", aggregator), ("aggregationRate", aggregationRate),
    ]
  }
}

struct StragglerFlags: ParsableArguments {
  @Option(help: .setting("devices")) var devices: String?
  @Option(help: .setting("overSelection")) var overSelection: String?
  @Option(help: .setting("deadline")) var deadline: String?
  @Option(help: .setting("quorum")) var quorum: String?
  @Option(help: .setting("late")) var late: String?
  @Option(help: .setting("bufferSize")) var bufferSize: String?
  @Option(help: .setting("staleness")) var staleness: String?
  @Option(help: .setting("maximumStaleness")) var maximumStaleness: String?

  var given: [(String, String?)] {
    [
      ("devices", devices), ("overSelection", overSelection), ("deadline", deadline), ("quorum", quorum),
      ("late", late), ("bufferSize", bufferSize), ("staleness", staleness), ("maximumStaleness", maximumStaleness),
    ]
  }
}

struct RunFlags: ParsableArguments {
  @Option(help: .setting("targetAccuracy")) var targetAccuracy: String?
  @Option(help: .setting("patience")) var patience: String?
  @Option(help: .setting("evaluateEvery")) var evaluateEvery: String?
  @Flag(inversion: .prefixedNo, help: .setting("baselines")) var baselines: Bool?
  @Flag(inversion: .prefixedNo, help: .setting("analyze")) var analyze: Bool?
  @Option(help: .setting("analyzeEvery")) var analyzeEvery: String?
  @Option(help: .setting("seed")) var seed: String?
  @Option(help: .setting("threads")) var threads: String?
  @Option(name: [.short, .long], help: .setting("output")) var output: String?

  var given: [(String, String?)] {
    [
      ("targetAccuracy", targetAccuracy), ("patience", patience), ("evaluateEvery", evaluateEvery),
      ("baselines", baselines.map(String.init)), ("analyze", analyze.map(String.init)),
      ("analyzeEvery", analyzeEvery), ("seed", seed), ("threads", threads), ("output", output),
    ]
  }
}

extension Experiment {
  /// Sets what was given as flags.
  ///
  /// - Throws: ``UsageError`` that says which flag is wrong and what would be right.
  package mutating func apply(_ given: [(name: String, text: String?)]) throws {
    for (name, text) in given {
      guard let text else { continue }
      do {
        try set(name, to: text)
      } catch let error as FluxionError {
        let flag = Self.setting(named: name)?.flag ?? name
        throw UsageError(message: error.message.hasPrefix(flag + " ") ? "--\(error.message)" : error.message)
      }
    }
  }
}

extension ArgumentHelp {
  package static func setting(_ name: String) -> ArgumentHelp {
    let setting = Experiment.setting(named: name)
    return ArgumentHelp(setting?.help ?? "", valueName: setting?.placeholder)
  }
}
