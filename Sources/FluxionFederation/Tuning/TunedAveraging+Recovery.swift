import FluxionCalculus
import FluxionLearning
import Foundation

// What is done where training diverged, or the model is ruined.
extension TunedAveraging {
  /// Divides what is tuned by ten where training diverged: the learning rate, or else all local hyperparameters, in
  /// their coordinates.
  public func recover(from divergence: Divergence, state: inout State) throws -> String? {
    guard state.recoveries < tuning.recoveryLimit, !local.isEmpty else { return nil }
    let (was, now) = lower(from: state.parties[divergence.client] ?? state.values, &state)
    return "round \(divergence.round): training diverged at \(was) at \(divergence.name); going on with \(now)"
  }

  /// Whether the global model that a round began with was worse than the first one of the run: at too high a rate a
  /// model can be ruined with finite numbers, and no gradient leads out again. The run then goes back to the best model.
  func returns(from model: Parameters, _ aggregate: Aggregate, _ state: inout State) throws -> Bool {
    let known =
      try serverLoss.map { try state.serverLoss ?? $0(model).loss }
      ?? weightedMean(PartyTuning.Figure.startingLoss, aggregate)
    guard let loss = known else { return false }
    let first = state.firstLoss ?? loss
    state.firstLoss = first
    guard loss > Self.ruinedLoss * first || !loss.isFinite, let best = state.best, !local.isEmpty else {
      if loss < state.best?.loss ?? .infinity {
        state.best = Best(round: aggregate.round, loss: loss, values: model.values)
      }
      return false
    }
    guard state.recoveries < tuning.recoveryLimit else {
      throw FluxionError(
        .diverged,
        "the model that round \(aggregate.round) began with is worse than the untrained one, and lowering what is tuned "
          + "\(state.recoveries) times did not help")
    }
    let (was, now) = lower(from: state.values, &state)
    state.averaging = try averaging.initialState(for: model)
    state.serverTangent = nil
    state.firstTangentRound = aggregate.round + 1
    let losses = [loss, first].map { "\(Float(($0 * 1e3).rounded() / 1e3))" }
    state.returning = Note(
      round: aggregate.round,
      text: "round \(aggregate.round): the model had become worse than the untrained one, a loss of \(losses[0]) after "
        + "\(losses[1]), at \(was); going back to the model of round \(best.round) with \(now)")
    return true
  }

  /// What the loss may grow over that of the first model before it is called ruined; more than batches differ by.
  private static let ruinedLoss = 1.005

  public func notes(onRound round: Int, state: State) -> [String] {
    state.returning.flatMap { $0.round == round ? [$0.text] : nil } ?? []
  }

  /// Lowers what is tuned below some values. Both in words.
  private func lower(from before: [Double], _ state: inout State) -> (was: String, now: String) {
    let lowered = local.contains(.learningRate) ? [TunedHyperparameter.learningRate] : local
    var (was, now) = ([String](), [String]())
    for (position, hyperparameter) in local.enumerated() where lowered.contains(hyperparameter) {
      let target = hyperparameter.value(at: hyperparameter.coordinate(before[position]) - log(10))
      state.values[position] = min(state.values[position], target)
      // Whoever was at it or above would be next.
      for (party, values) in state.parties where values[position] >= before[position] {
        state.parties[party]?[position] = target
      }
      was.append("\(hyperparameter.rawValue.replacing("-", with: " ")) \(Self.text(before[position]))")
      now.append(Self.text(target))
    }
    state.recoveries += 1
    return (was.joined(separator: ", "), now.joined(separator: ", "))
  }

  private static func text(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "\(value)" }
    let scale = pow(10, 2 - floor(log10(value)))
    return "\((value * scale).rounded() / scale)"
  }
}
