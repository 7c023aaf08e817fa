import FluxionCalculus
public import FluxionCoordination
public import Foundation

extension RunRecord {
  /// The record as it stands in `run.json`: the members in a fixed order, the rounds last.
  public var json: JSONValue {
    .object(headMembers + [.init("rounds", .array(rounds.map { JSONValue($0) }))])
  }

  /// All members but the rounds.
  var headMembers: [JSONValue.Member] {
    let clock = timing.map { timing -> JSONValue in
      ["startedAt": .string(timing.startedAt), "totalSeconds": JSONValue(timing.totalSeconds)]
    }
    let system: JSONValue = [
      "fluxionVersion": .string(environment.fluxionVersion), "swiftVersion": .string(environment.swiftVersion),
      "platform": .string(environment.platform),
    ]
    return [
      .init("formatVersion", JSONValue(formatVersion)),
      .init("environment", system),
      .init("seed", JSONValue(seed)),
      .init("command", JSONValue(command)),
      .init("configuration", configuration),
      .init("parameters", JSONValue(parameters)),
      .init("modelSHA256", JSONValue(modelSHA256)),
      .init("stop", stop.map { JSONValue($0) } ?? .null),
      .init("timing", clock ?? .null),
      .init("baselines", baselines.map { JSONValue($0) } ?? .null),
      .init("partition", partition.map { JSONValue($0) } ?? .null),
    ]
  }

  /// Reads `run.json`. Numbers that were not finite come back as NaN where a number has to be, else as nil.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` if the bytes are no record of a run,
  ///   ``FluxionError/Code/unsupported`` for a later version of the format.
  public init(decoding data: Data) throws {
    do {
      let value = try JSONDecoder().decode(JSONValue.self, from: data)
      if case .integer(let version)? = value["formatVersion"], version > Int128(Self.currentFormat) {
        throw FluxionError(
          .unsupported, "run.json has format version \(version); this build reads versions up to \(Self.currentFormat)")
      }
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
      self = try decoder.decode(
        RunRecord.self, from: JSONEncoder().encode(value.withNaN(for: ["trainLoss", "seconds"])))
    } catch let error as FluxionError {
      throw error
    } catch {
      throw FluxionError(.corruptData, "run.json is no record of a run", cause: error)
    }
  }
}

extension RunRecord {
  /// As ``json``.
  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}

extension JSONValue {
  /// A round as it stands in `run.json`.
  public init(_ round: RoundRecord) {
    var members: [Member] = [
      .init("round", JSONValue(round.round)), .init("testAccuracy", JSONValue(round.testAccuracy)),
      .init("testLoss", JSONValue(round.testLoss)), .init("testMetrics", Self.sorted(round.testMetrics)),
      .init("trainLoss", JSONValue(round.trainLoss)), .init("seconds", JSONValue(round.seconds)),
      .init("evaluationSeconds", JSONValue(round.evaluationSeconds)), .init("bytesUp", JSONValue(round.bytesUp)),
      .init("bytesDown", JSONValue(round.bytesDown)), .init("parties", .array(round.parties.map { JSONValue($0) })),
    ]
    if let seconds = round.simulatedSeconds { members.append(.init("simulatedSeconds", JSONValue(seconds))) }
    if let tuning = round.tuning {
      members.append(
        .init("tuning", ["values": Self.sorted(tuning.values), "alignments": Self.sorted(tuning.alignments)]))
    }
    members.append(.init("analysis", round.analysis.map { JSONValue($0) } ?? .null))
    members.append(.init("analysisSeconds", JSONValue(round.analysisSeconds)))
    if let notes = round.notes { members.append(.init("notes", .array(notes.map(JSONValue.string)))) }
    self = .object(members)
  }

  public init(_ party: PartyRecord) {
    var members: [Member] = [
      .init("party", JSONValue(party.party)), .init("name", .string(party.name)),
      .init("samples", JSONValue(party.samples)), .init("steps", JSONValue(party.steps)),
      .init("trainLoss", JSONValue(party.trainLoss)), .init("seconds", JSONValue(party.seconds)),
    ]
    if let values = party.hyperparameters { members.append(.init("hyperparameters", Self.sorted(values))) }
    if let weight = party.weight { members.append(.init("weight", JSONValue(weight))) }
    if let staleness = party.staleness { members.append(.init("staleness", JSONValue(staleness))) }
    self = .object(members)
  }

  /// The finite numbers by name.
  private static func sorted(_ values: [String: Double]) -> JSONValue {
    .object(values.sorted { $0.key < $1.key }.filter(\.value.isFinite).map { .init($0.key, JSONValue($0.value)) })
  }

  init(_ stop: RunRecord.Stop) {
    self = [
      "reason": .string(stop.reason.rawValue), "message": JSONValue(stop.message),
      "errorCode": JSONValue(stop.errorCode),
    ]
  }

  init(_ evaluation: RunRecord.Evaluation?) {
    guard let evaluation else {
      self = .null
      return
    }
    self = ["accuracy": JSONValue(evaluation.accuracy), "loss": JSONValue(evaluation.loss)]
  }

  init(_ baselines: RunRecord.Baselines) {
    let alone = baselines.alone.map { one -> JSONValue in
      ["party": .string(one.party), "accuracy": JSONValue(one.accuracy), "loss": JSONValue(one.loss)]
    }
    self = [
      "federation": JSONValue(baselines.federation), "pooled": JSONValue(baselines.pooled), "alone": .array(alone),
    ]
  }

  init(_ partition: RunRecord.Partition) {
    var members: [Member] = []
    if let testSamples = partition.testSamples { members.append(.init("testSamples", JSONValue(testSamples))) }
    if let kept = partition.validationSamples { members.append(.init("validationSamples", JSONValue(kept))) }
    if let classNames = partition.classNames {
      members.append(.init("classNames", .array(classNames.map(JSONValue.string))))
    }
    let parties = partition.parties.map { party -> JSONValue in
      let histogram = party.labelHistogram.map { counts -> JSONValue in .array(counts.map { JSONValue($0) }) }
      var members = [Member("name", .string(party.name)), Member("samples", JSONValue(party.samples))]
      if let kept = party.validationSamples { members.append(Member("validationSamples", JSONValue(kept))) }
      members.append(Member("labelHistogram", histogram ?? .null))
      members.append(Member("globalModel", JSONValue(party.globalModel)))
      return .object(members)
    }
    members.append(.init("parties", .array(parties)))
    self = .object(members)
  }

  /// The same with "NaN" where a member of one of these names is null.
  func withNaN(for names: Set<String>) -> JSONValue {
    switch self {
    case .array(let elements): .array(elements.map { $0.withNaN(for: names) })
    case .object(let members):
      .object(
        members.map { member in
          if case .null = member.value, names.contains(member.name) { return Member(member.name, "NaN") }
          return Member(member.name, member.value.withNaN(for: names))
        })
    default: self
    }
  }
}
