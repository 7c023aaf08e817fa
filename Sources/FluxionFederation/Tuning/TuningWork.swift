import FluxionCalculus
import FluxionData
import Synchronization

/// What parties need to tune hyperparameters in a round.
package struct TuningWork: Sendable {
  let request: TuningRequest
  let round: Int
  /// Of the gradient that tangents are held against.
  let trainer: LocalTrainer
  /// Names of the hyperparameters of a local step, in the order of the programs.
  let names: [String]
  let memories: TuningMemories

  package init(
    request: TuningRequest, round: Int, trainer: LocalTrainer, names: [String], memories: TuningMemories
  ) {
    self.request = request
    self.round = round
    self.trainer = trainer
    self.names = names
    self.memories = memories
  }

  func begin(
    _ client: Int, _ examples: DatasetView, at start: UnsafeBufferPointer<Float>, key: RandomKey,
    _ tuning: PartyTuning
  ) throws -> PartyTuning.Beginning {
    try tuning.begin(
      client, examples, at: start, request, round: round, memory: memories.take(client), key: key)
  }

  /// What all clients step with, but for the values that a party has of its own.
  func hyperparameters(_ common: [Float], _ beginning: PartyTuning.Beginning) -> [Float] {
    var values = common
    for (position, hyperparameter) in request.hyperparameters.enumerated() {
      guard let index = names.firstIndex(of: hyperparameter.programName) else { continue }
      // As a factor, which keeps what a schedule makes of a learning rate.
      let factor = beginning.values[position] / request.values[position]
      if factor != 1 { values[index] *= Float(factor) }
    }
    return values
  }

  func keep(_ memory: TuningMemory, of client: Int) { memories.keep(memory, of: client) }
}

/// What parties keep from round to round in one run; only of parties that took part.
package final class TuningMemories: Sendable {
  private let kept = Mutex<[Int: TuningMemory]>([:])

  package init() {}

  /// Hands a party's memory out, to be put back when it has trained.
  func take(_ client: Int) -> TuningMemory? { kept.withLock { $0.removeValue(forKey: client) } }

  func keep(_ memory: TuningMemory, of client: Int) { kept.withLock { $0[client] = memory } }

  package func forget() { kept.withLock { $0.removeAll() } }

  /// What every party keeps.
  package var all: [Int: TuningMemory] {
    get { kept.withLock { $0 } }
    set { kept.withLock { $0 = newValue } }
  }
}
