import FluxionCoordination

extension Report {
  /// What the run reached, in a line.
  var headline: String {
    guard let last = record.rounds.last else { return "No round was finished" }
    let rounds = "after " + Self.counted(last.round, "round", "rounds")
    if record.stop?.reason == .error { return "Stopped by an error \(rounds)" }
    if let accuracy = final.accuracy { return "\(Figures.percent(accuracy)) accuracy \(rounds)" }
    if let loss = final.loss { return "Loss \(Figures.loss(loss)) \(rounds)" }
    return "Training loss \(Figures.loss(last.trainLoss)) \(rounds)"
  }

  package func masthead(into markup: inout Markup) {
    markup.element("p", ["class": "eyebrow"], text: "Fluxion · report of a federated run")
    markup.element("h1", text: headline)
    markup.element("p", ["class": "lede"], text: lede)
    for notice in [notice, record.guessingNotice.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }].compactMap({
      $0
    }) {
      markup.element("p", ["class": "notice", "role": "note"], text: notice)
    }
  }

  /// The run in two sentences.
  private var lede: String {
    var sentence = Self.counted(partyCount, "party", "parties") + " trained one model"
    if record.parameters > 0 { sentence += " of " + Self.counted(record.parameters, "parameter", "parameters") }
    sentence += " by exchanging parameters, never data."
    guard let accuracy = final.accuracy else { return sentence }
    let alone = meanAlone.accuracy.map {
      "A party that trains alone reaches \(Figures.percent($0, digits: 1)) on average"
    }
    let pooled = record.baselines?.pooled?.accuracy.map { pooled in
      let points = Figures.fixed(100 * abs(accuracy - pooled), digits: 1)
      let side = accuracy >= pooled ? "at or above" : "below"
      return "the federation is \(points) points \(side) training on all data in one place"
    }
    switch (alone, pooled) {
    case (let alone?, let pooled?): return "\(sentence) \(alone); \(pooled)."
    case (let alone?, nil): return "\(sentence) \(alone)."
    case (nil, let pooled?): return "\(sentence) \(pooled.prefix(1).uppercased() + pooled.dropFirst())."
    case (nil, nil): return sentence
    }
  }

  /// What a reader has to know about how the run ended.
  private var notice: String? {
    guard let stop = record.stop else { return "The run was still going on when this page was written." }
    let finished = record.rounds.last.map { "after round \($0.round)" } ?? "before the end of the first round"
    let message = stop.message.map { ": \($0)\($0.hasSuffix(".") ? "" : ".")" } ?? " has no description."
    switch stop.reason {
    case .rounds: return nil
    case .targetAccuracy: return "Stopped \(finished), when the target accuracy was reached."
    case .patience: return "Stopped \(finished), as the model did not become better any more."
    case .interrupted: return "Interrupted \(finished); everything up to then is here."
    case .error: return "The error \(finished)\(message)"
    }
  }

  func keyFigures(into markup: inout Markup) {
    let rounds = record.rounds
    var figures: [Fact] = []
    // Else the headline has it.
    if record.stop?.reason == .error, let accuracy = final.accuracy {
      figures.append(Fact("Test accuracy", Figures.percent(accuracy)))
    }
    if let loss = final.loss { figures.append(Fact("Test loss", Figures.loss(loss))) }
    figures.append(Fact("Rounds", Figures.count(rounds.last?.round ?? 0)))
    let samples = record.partition?.parties.reduce(0) { $0 + $1.samples }
    figures.append(
      Fact("Parties", Figures.count(partyCount), note: samples.map { Self.counted($0, "sample", "samples") }))
    figures.append(
      Fact("Parameters", Figures.count(record.parameters), note: Figures.bytes(4 * record.parameters)))
    let up = rounds.reduce(0) { $0 + $1.bytesUp }
    let down = rounds.reduce(0) { $0 + $1.bytesDown }
    figures.append(
      Fact("Traffic", Figures.bytes(up + down), note: "↑ \(Figures.bytes(up))  ↓ \(Figures.bytes(down))"))
    let seconds = rounds.reduce(0) { $0 + $1.seconds }
    figures.append(
      Fact(
        "Training time", Figures.seconds(seconds),
        note: rounds.isEmpty ? nil : Figures.seconds(seconds / Double(rounds.count)) + " a round"))
    self.figures(figures, into: &markup)
  }
}
