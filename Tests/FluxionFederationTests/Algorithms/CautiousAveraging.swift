import FluxionFederation
import FluxionLearning

/// The algorithm that the documentation of `FederatedAlgorithm` writes down.
struct CautiousAveraging: FederatedAlgorithm {
  struct State: Codable, Sendable { var stepsShortened = 0 }

  var name: String { "cautious-averaging" }
  var local: LocalTraining
  var limit: Float

  func initialState(for parameters: Parameters) -> State { State() }

  func plan(round: Int, state: State) throws -> RoundPlan {
    RoundPlan(work: .training(try local.settled(inRound: round)), weighting: .samples)
  }

  func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) {
    let update = aggregate.update
    var scale: Float = 1
    while update.contains(where: { abs(scale * $0) > limit }) { scale /= 2 }
    if scale < 1 { state.stepsShortened += 1 }
    parameters.withUnsafeMutableValues { values in
      for index in values.indices { values[index] += scale * update[index] }
    }
  }
}
