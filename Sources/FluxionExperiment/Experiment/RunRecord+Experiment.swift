import FluxionCalculus
package import FluxionData
import FluxionLearning
import FluxionSimulation

extension RunRecord {
  /// The record of a run that is about to begin.
  init(_ prepared: PreparedExperiment, command: String?) throws {
    let layout = try prepared.task.layout(input: prepared.partition.dataset.exampleShape)
    self.init(
      seed: prepared.experiment.seed, command: command, configuration: JSONValue(prepared.experiment),
      parameters: layout.count, partition: Partition(prepared.partition))
  }
}

extension RunRecord.Partition {
  /// Who holds what in a partition of a dataset.
  package init(_ partition: FluxionData.Partition) {
    var classNames: [String]?
    if case .classes(_, _, let names) = partition.dataset.targets { classNames = names }
    let parties = partition.enumerated().map { index, view in
      Party(
        name: partition.name(of: index), samples: view.count,
        validationSamples: partition.hasPartyValidation ? partition.validation(of: index).count : nil,
        labelHistogram: classNames == nil ? nil : view.labelHistogram())
    }
    self.init(
      parties: parties, classNames: classNames, testSamples: partition.test?.count,
      validationSamples: partition.validation?.count)
  }
}

extension RunRecord.Partition {
  /// What is known of parties that are elsewhere.
  init(_ remote: RemoteParties, testSamples: Int?) {
    self.init(
      parties: remote.parties.map { Party(name: $0.name, samples: $0.samples) }, classNames: nil,
      testSamples: testSamples, validationSamples: nil)
  }
}

extension JSONValue {
  init(_ experiment: Experiment) {
    self = .object(
      Experiment.settings.compactMap { setting in
        switch setting.scalar(experiment) {
        case nil: nil
        case .text(let text): Member(setting.name, .string(text))
        case .integer(let number): Member(setting.name, JSONValue(number))
        case .unsigned(let number): Member(setting.name, JSONValue(number))
        case .number(let number): Member(setting.name, .number(number))
        case .flag(let flag): Member(setting.name, .bool(flag))
        }
      })
  }
}

extension RunRecord.Stop {
  /// How a run ended that ended with an error.
  init(_ error: any Error) {
    switch error {
    case is CancellationError: self.init(.interrupted, message: "interrupted")
    case let error as FluxionError:
      self.init(.error, message: error.message, errorCode: error.code.description)
    default: self.init(.interrupted, message: "stopped by who asked for it")
    }
  }
}

extension RunRecord.Partition {
  /// The labels of each party as an SVG picture that stands alone; its samples where there are no labels.
  package var picture: String {
    guard let classNames else {
      return BarChart(
        id: "samples", title: "Samples a party", xTitle: "party", categories: parties.map(\.name),
        y: ChartAxis("samples", including: [0]), series: [.init("samples", parties.map { Double($0.samples) })]
      ).svg(standalone: true)
    }
    return HeatMap(
      id: "labels", title: "Samples of each label a party", xTitle: "label", rowNames: parties.map(\.name),
      columnNames: classNames, rows: parties.map { $0.labelHistogram ?? [] }
    ).svg(standalone: true)
  }
}
