import FluxionInterop
import FluxionLearning
import Foundation
import Synchronization

/// A global model that can be downloaded; its file is made when somebody first asks.
final class PublishedModel: Sendable {
  let round: Int
  private let parameters: Parameters
  private let made = Mutex<File?>(nil)

  struct File: Sendable {
    /// Safetensors.
    var data: Data
    /// Of the parameters, see ``FluxionInterop/ModelDigest``: the same that a run's record has.
    var sha256: String
  }

  init(_ parameters: Parameters, afterRound round: Int) {
    self.parameters = parameters
    self.round = round
  }

  func file() throws -> File {
    try made.withLock { made in
      if let made { return made }
      // Without the round: one model is one file, whichever round it came from.
      let file = File(
        data: try Safetensors(parameters, metadata: ["format": "fluxion"]).encoded(),
        sha256: ModelDigest.sha256Hex(of: parameters.values))
      made = file
      return file
    }
  }
}
