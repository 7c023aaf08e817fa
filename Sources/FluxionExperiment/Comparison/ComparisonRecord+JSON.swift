extension ComparisonRecord {
  /// The record as it stands in `compare.json`, with the statistics of each variant, which are not read back.
  public var json: JSONValue {
    [
      "formatVersion": JSONValue(formatVersion),
      "environment": [
        "fluxionVersion": .string(environment.fluxionVersion), "swiftVersion": .string(environment.swiftVersion),
        "platform": .string(environment.platform),
      ],
      "name": .string(name), "command": JSONValue(command), "seeds": .array(seeds.map { JSONValue($0) }),
      "parties": JSONValue(parties), "targetAccuracy": JSONValue(targetAccuracy), "settings": settings,
      "variants": .array(variants.map(json(of:))),
    ]
  }

  /// As ``json``.
  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

  private func json(of variant: Variant) -> JSONValue {
    let statistics = statistics(of: variant)
    let summary: JSONValue = [
      "runs": JSONValue(statistics.runs), "diverged": JSONValue(variant.runs.count { $0.isDiverged }),
      "accuracy": JSONValue(statistics.accuracy), "loss": JSONValue(statistics.loss),
      "reachedTarget": targetAccuracy == nil ? .null : JSONValue(statistics.reached),
      "roundsToTarget": JSONValue(statistics.roundsToTarget), "bytesToTarget": JSONValue(statistics.bytesToTarget),
      "secondsToTarget": JSONValue(statistics.secondsToTarget), "secondsARound": JSONValue(statistics.secondsARound),
    ]
    return [
      "name": .string(variant.name), "group": JSONValue(variant.group), "settings": variant.settings,
      "parameters": JSONValue(variant.parameters), "trainingSamples": JSONValue(variant.trainingSamples),
      "hasSameParties": .bool(variant.hasSameParties), "statistics": summary,
      "runs": .array(variant.runs.map { JSONValue($0) }),
    ]
  }
}

extension JSONValue {
  init(_ run: ComparisonRecord.Run) {
    let rounds = run.rounds.map { point -> JSONValue in
      [
        "round": JSONValue(point.round), "accuracy": JSONValue(point.accuracy), "loss": JSONValue(point.loss),
        "bytes": JSONValue(point.bytes), "seconds": JSONValue(point.seconds),
      ]
    }
    self = [
      "seed": JSONValue(run.seed), "directory": .string(run.directory),
      "stop": run.stop.map { JSONValue($0) } ?? .null, "modelSHA256": JSONValue(run.modelSHA256),
      "rounds": .array(rounds),
    ]
  }
}
