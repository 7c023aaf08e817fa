import FluxionCalculus
import FluxionData
import FluxionFederation
import FluxionLearning

extension Experiment {
  /// Everything that can be set, in the order of help and files. Flags, YAML and JSON all go by this table.
  package static let settings: [Setting] = dataSettings + learningSettings + stragglerSettings + runSettings

  private static let dataSettings: [Setting] = [
    Setting(
      "data", \.data, .parsed(DataSource.init(parsing:)), DataSource.forms.joined(separator: " | "),
      "What to learn from (default: digits, which come with the tool)."),
    Setting(
      optional: "dataDir", \.dataDir, .text("a directory"), "DIR",
      "Where public datasets lie (default: FLUXION_DATA, then the user's cache)."),
    Setting(
      optional: "labelColumn", \.labelColumn, .text("the name of a column"), "NAME",
      "The column of a table to predict (default: label, target, class or y, else the last)."),
    Setting(
      "testFraction", \.testFraction, .number("a number between 0 and 1", where: { $0 > 0 && $0 < 1 }), "FRACTION",
      "The part kept for testing where the data has no test part (default: 0.2)."),
    Setting(
      optional: "parties", \.parties, .integer(atLeast: 1), "N",
      "How many parties share the data (default: 10; 100 for synthetic-linear)."),
    Setting(
      optional: "partition", \.partition, .parsed(Partitioner.init(parsing:)),
      Partitioner.forms.joined(separator: " | "),
      "How the data is dealt out (default: shards:2 for images, iid for tables)."),
    Setting(
      optional: "validation", \.validation, .parsed(ValidationShare.init(parsing:)),
      ValidationShare.forms.joined(separator: " | "),
      "What each party, or the server, keeps of the training data for validation (default: nothing)."),
  ]

  private static let learningSettings: [Setting] = [
    Setting(
      optional: "model", \.model, .parsed(ModelChoice.init(parsing:)), ModelChoice.forms.joined(separator: " | "),
      "The model (default: cnn for images; logistic or linear for tables)."),
    Setting("algorithm", \.algorithm, .choice, choices(Algorithm.self), "What a round does (default: fedavg)."),
    Setting(
      optional: "rounds", \.rounds, .integer(atLeast: 1), "N", "How many rounds at most (default: 20; 10 for mnist)."),
    Setting(
      "cohort", \.cohort, .cohort, "N | FRACTION | all", "Which part of the parties each round takes (default: all)."),
    Setting("epochs", \.epochs, .integer(atLeast: 1), "E", "A party's passes over its data in a round (default: 1)."),
    Setting("batchSize", \.batchSize, .batchSize, "B | full", "Samples a local step (default: 32)."),
    Setting("optimizer", \.optimizer, .choice, choices(LocalOptimizer.self), "The local optimiser (default: sgd)."),
    Setting(
      optional: "learningRate", \.learningRate, .number("a number above 0", where: { $0 > 0 }), "LR",
      "The learning rate (default: 0.05; 0.1 for tables; 0.001 for adam, adamw and rmsprop; 0.01 for adagrad)."),
    Setting(
      "schedule", \.schedule, .parsed(Schedule.named), "SCHEDULE",
      "How the learning rate changes: [warmup:ROUNDS+] constant | step:EVERY,FACTOR | exponential:FACTOR | "
        + "cosine:LENGTH | inverse-sqrt:ROUNDS | plateau:FACTOR,PATIENCE (default: constant)."),
    Setting(
      "momentum", \.momentum, .number("a number from 0 up to but not 1", where: { $0 >= 0 && $0 < 1 }), "M",
      "Of the optimisers momentum and nesterov (default: 0.9)."),
    Setting(
      optional: "weightDecay", \.weightDecay, .number("a number not below 0", where: { $0 >= 0 }), "W",
      "Weight decay of the optimiser (default: 0; 0.01 for adamw)."),
    Setting(
      "weighting", \.weighting, .choice, choices(PartyWeighting.self),
      "What a party's update counts in the average (default: samples)."),
    Setting(
      optional: "proximal", \.proximal, .number("a number not below 0", where: { $0 >= 0 }), "MU",
      "Keep parties near the model they were sent by FedProx's penalty (default: none)."),
    Setting(
      optional: "tune", \.tune, .parsed(TuneChoice.init(parsing:)), "NAME,…",
      "Tune hyperparameters by their exact derivatives while learning: \(TuneChoice.names.joined(separator: ", "))."),
    Setting(
      "tuneMode", \.tuneMode, .choice, choices(Tuning.Mode.self),
      "Whose tuned values there are, and who moves them (default: shared)."),
    Setting(
      "aggregator", \.aggregator, .parsed(AggregatorChoice.init(parsing:)),
      AggregatorChoice.forms.joined(separator: " | "),
      "How the parties' models become one (default: mean)."),
    Setting(
      optional: "aggregationRate", \.aggregationRate, .number("a number not below 0", where: { $0 >= 0 }), "ETA",
      "Of differentiable-averaging: the step along the aggregator's derivative (default: the learning rate)."),
  ]

  private static let runSettings: [Setting] = [
    Setting(
      optional: "targetAccuracy", \.targetAccuracy,
      .number("a number above 0 and at most 1", where: { $0 > 0 && $0 <= 1 }), "A",
      "Stop once the test accuracy is this."),
    Setting(
      optional: "patience", \.patience, .integer(atLeast: 0), "N",
      "Bear so many evaluations in a row without a lower test loss, and stop at the next."),
    Setting(
      "evaluateEvery", \.evaluateEvery, .integer(atLeast: 1), "N",
      "Evaluate every so many rounds, and after the last (default: 1)."),
    Setting(
      "baselines", \.baselines, .flag, "",
      "Afterwards train each party alone and all data pooled, to compare."),
    Setting(
      "analyze", \.analyze, .flag, "",
      "Record how the parties' gradients and updates agree, and how curved the loss is."),
    Setting(
      "analyzeEvery", \.analyzeEvery, .integer(atLeast: 1), "N",
      "With analyze: the first round, every so many after it, and the last (default: 1)."),
    Setting("seed", \.seed, .seed, "S", "Where every random draw comes from (default: 0)."),
    Setting(
      optional: "threads", \.threads, .integer(atLeast: 1), "T",
      "Clients that train at once (default: one a core); never changes the result."),
    Setting(
      optional: "output", \.output, .text("a directory"), "DIR",
      "The directory for what the run leaves (default: a new one, runs/DATA-ALGORITHM)."),
  ]

  static func choices<Choice: NamedChoice>(_: Choice.Type) -> String {
    Choice.allCases.map(\.rawValue).joined(separator: " | ")
  }

  /// The setting of a name in either spelling (`batchSize`, `batch-size`); nil if there is none.
  package static func setting(named name: String) -> Setting? {
    settings.first { $0.name == name || $0.flag == name }
  }

  /// Sets one thing from text, as a flag or a line of YAML gives it.
  ///
  /// - Throws: `.invalidConfiguration` for an unknown name, with the nearest known one, or for a value that is not
  ///   right, with what is.
  public mutating func set(_ name: String, to text: String) throws {
    guard let setting = Self.setting(named: name) else { throw Self.unknown(name) }
    try setting.read(text, &self)
  }

  /// - Parameter others: What else may stand where the name did.
  static func unknown(_ name: String, at place: String = "", besides others: [String] = []) -> FluxionError {
    let known = others + settings.map(\.flag)
    let hint = nearest(Setting.hyphenated(name), among: known).map { "; did you mean \"\($0)\"?" }
    return FluxionError(
      .invalidConfiguration,
      "there is no setting \"\(name)\"\(place)" + (hint ?? "; there are \(known.joined(separator: ", "))"))
  }
}

extension SettingForm where Value == CohortSize {
  static var cohort: SettingForm {
    SettingForm(
      rule: "a number of parties, a fraction between 0 and 1, or all", known: ["all"],
      read: { text in
        if text == "all" { return .all }
        if let count = Int(text) { return count >= 1 ? .count(count) : nil }
        return Double(text).flatMap { $0 > 0 && $0 < 1 ? .fraction($0) : nil }
      },
      scalar: { cohort in
        switch cohort {
        case .all: .text("all")
        case .count(let count): .integer(count)
        case .fraction(let fraction): .number(fraction)
        }
      })
  }
}

extension SettingForm where Value == Int? {
  static var batchSize: SettingForm {
    SettingForm(
      rule: "a whole number of at least 1, or full", known: ["full"],
      read: { text in
        if text == "full" { return .some(nil) }
        return Int(text).flatMap { $0 >= 1 ? .some($0) : nil }
      },
      scalar: { $0.map { .integer($0) } ?? .text("full") })
  }
}
