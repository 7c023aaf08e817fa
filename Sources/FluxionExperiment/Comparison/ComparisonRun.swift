import FluxionCalculus
import FluxionData
import FluxionLearning
import Foundation

/// A comparison under way.
struct ComparisonRun {
  private let comparison: Comparison
  private let directory: URL
  private let paths: [String]
  private var record: ComparisonRecord
  /// The variants with the seed that is run.
  private var prepared: [PreparedExperiment]

  /// Reads the data and prepares every variant for the first seed, so that what cannot run is refused before anything
  /// does.
  init(_ comparison: Comparison, command: String?) throws {
    self.comparison = comparison
    directory = comparison.outputDirectory
    paths = comparison.variantPaths
    prepared = try Self.prepare(comparison, seed: comparison.seeds.first ?? 0)
    let experiments = prepared.map(\.experiment)
    try comparison.requireAgreement(on: ["parties", "partition"], of: experiments)
    record = try ComparisonRecord(comparison, prepared, command: command)
  }

  mutating func callAsFunction(_ report: (Comparison.Event) throws -> Void) async throws -> Comparison.Outcome {
    try OutputFiles.makeDirectory(directory)
    try write()
    try report(.began(record, directory: directory))
    var number = 0
    // One seed after another, so that all variants can be compared as soon as the first seed is through.
    for (position, seed) in comparison.seeds.enumerated() {
      if position > 0 { prepared = try Self.prepare(comparison, seed: seed) }
      for index in comparison.variants.indices {
        number += 1
        let run = Comparison.Run(
          number: number, count: record.progress.of, variant: comparison.variants[index], seed: seed)
        record.variants[index].hasSameParties =
          record.variants[index].hasSameParties && prepared[index].partition.isDealt(as: prepared[0].partition)
        try await self.run(run, of: index, prepared[index], report)
      }
    }
    return Comparison.Outcome(directory: directory, record: record)
  }

  private mutating func run(
    _ run: Comparison.Run, of index: Int, _ prepared: PreparedExperiment,
    _ report: (Comparison.Event) throws -> Void
  ) async throws {
    let path = "\(paths[index])/seed-\(run.seed)"
    let place = directory.appending(path: path)
    let earlier = try finished(at: place, as: prepared)
    if earlier == nil {
      try report(.run(run))
      try await Self.train(prepared, in: place) { try report(.experiment($0)) }
    }
    guard let left = try earlier ?? Self.record(at: place) else {
      throw FluxionError(.cannotWrite, "\(place.relativePath) has no run.json any more; run the comparison again")
    }
    let result = ComparisonRecord.Run(left, directory: path)
    record.variants[index].runs.append(result)
    try write()
    try report(.finished(run, result, isNew: earlier == nil))
  }

  /// One that diverges leaves a record that says so.
  private static func train(
    _ prepared: PreparedExperiment, in place: URL, _ report: (Experiment.Event) throws -> Void
  ) async throws {
    try Task.checkCancellation()
    var experiment = prepared.experiment
    experiment.output = place.relativePath
    let placed = PreparedExperiment(experiment, partition: prepared.partition, task: prepared.task)
    do {
      _ = try await placed.run(command: experiment.command, reporting: report)
    } catch let error as FluxionError where error.code == .diverged {
      return
    }
  }

  /// Every variant with one seed, on data that is read once.
  private static func prepare(_ comparison: Comparison, seed: UInt64) throws -> [PreparedExperiment] {
    let experiments = comparison.variants.map { variant in
      var experiment = variant.experiment
      experiment.seed = seed
      return experiment
    }
    guard let split = try experiments.first?.loadData() else { return [] }
    return try zip(comparison.variants, experiments).map { variant, experiment in
      do {
        return try experiment.prepared(on: split)
      } catch let error as FluxionError {
        throw FluxionError(error.code, "\"\(variant.title)\": \(error.message)", cause: error.cause)
      }
    }
  }

  private func write() throws {
    try OutputFiles.write(Data((record.json.text() + "\n").utf8), to: directory.appending(path: "compare.json"))
    let page = ComparisonPage(record)
    try OutputFiles.write(Data(page.html().utf8), to: directory.appending(path: "comparison.html"))
    try OutputFiles.write(Data(page.markdown().utf8), to: directory.appending(path: "comparison.md"))
    try OutputFiles.makeDirectory(directory.appending(path: "charts"))
    for chart in page.charts where chart.hasData {
      try OutputFiles.write(Data(chart.svg(standalone: true).utf8), to: directory.appending(path: chart.path))
    }
  }
}

// What an earlier comparison left.
extension ComparisonRun {
  /// The record of a finished run; nil where there is none, or one that was interrupted.
  ///
  /// - Throws: `.invalidConfiguration` for a finished run of another configuration or other data, `.corruptData` for a
  ///   file that is no record.
  private func finished(at place: URL, as prepared: PreparedExperiment) throws -> RunRecord? {
    guard let record = try Self.record(at: place), record.isFinished else { return nil }
    func refusal(_ reason: String) -> FluxionError {
      FluxionError(
        .invalidConfiguration,
        "\(place.relativePath) holds \(reason); name another output directory, or take that one away")
    }
    if let difference = Self.difference(JSONValue(prepared.experiment), record.configuration) {
      throw refusal("a finished run with \(difference)")
    }
    let parties = RunRecord.Partition(prepared.partition).parties
    let isSame = record.partition?.parties.elementsEqual(parties) { a, b in
      a.name == b.name && a.samples == b.samples && a.labelHistogram == b.labelHistogram
    }
    guard isSame == true else { throw refusal("a finished run over other parties: the data has changed since") }
    return record
  }

  private static func record(at place: URL) throws -> RunRecord? {
    let file = place.appending(path: "run.json")
    guard let data = try? Data(contentsOf: file) else { return nil }
    do {
      return try RunRecord(decoding: data)
    } catch let error as FluxionError {
      throw FluxionError(error.code, "\(file.relativePath): \(error.message)", cause: error.cause)
    }
  }

  /// The first setting in which a recorded configuration is another, in words.
  static func difference(_ wanted: JSONValue, _ recorded: JSONValue) -> String? {
    let names = Experiment.settings.map(\.name).filter { !Experiment.immaterialSettings.contains($0) }
    for name in names where wanted[name] != recorded[name] {
      func text(_ value: JSONValue?) -> String {
        if case .string(let text)? = value { return text }
        return value?.line ?? "none"
      }
      return "\(name) \(text(recorded[name])), and here it is \(text(wanted[name]))"
    }
    return nil
  }
}

extension RunRecord {
  /// Whether there is nothing left to do: all rounds, a stop by rule, or training that diverged.
  fileprivate var isFinished: Bool {
    switch stop?.reason {
    case .rounds, .targetAccuracy, .patience:
      configuration["baselines"] == .bool(true) ? baselines?.pooled != nil : true
    case .error: stop?.errorCode == FluxionError.Code.diverged.description
    case .interrupted, nil: false
    }
  }
}

extension Partition {
  /// Whether every party has the same name and trains on the same examples of equal data as in the other.
  fileprivate func isDealt(as other: Partition) -> Bool {
    offsets == other.offsets && indices == other.indices && names == other.names
  }
}

extension ComparisonRecord {
  /// Before the first run; the variants as they are prepared for the first seed.
  init(_ comparison: Comparison, _ prepared: [PreparedExperiment], command: String?) throws {
    let configurations = prepared.map { JSONValue($0.experiment).members.filter { !Self.unlisted.contains($0.name) } }
    func isShared(_ name: String) -> Bool {
      let values = configurations.map { members in members.first { $0.name == name }?.value }
      return values.allSatisfy { $0 == values[0] }
    }
    self.init(
      environment: .current, name: comparison.name, command: command, seeds: comparison.seeds,
      parties: prepared.first?.partition.count ?? 0,
      targetAccuracy: comparison.variants.first?.experiment.targetAccuracy,
      settings: .object((configurations.first ?? []).filter { isShared($0.name) }),
      variants: try zip(comparison.variants, prepared).enumerated().map { index, pair in
        let (variant, prepared) = pair
        return Variant(
          name: variant.name, group: variant.group,
          settings: .object(configurations[index].filter { !isShared($0.name) }),
          parameters: try prepared.task.layout(input: prepared.partition.dataset.exampleShape).count,
          trainingSamples: prepared.partition.exampleCount, hasSameParties: true, runs: [])
      })
  }

  /// Settings that say nothing about a variant.
  private static let unlisted: Set<String> = ["seed", "output"]
}

extension JSONValue {
  /// Of an object; none of anything else.
  fileprivate var members: [Member] {
    if case .object(let members) = self { members } else { [] }
  }
}
