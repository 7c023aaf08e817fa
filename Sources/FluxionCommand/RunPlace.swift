import Fluxion
import Foundation
import Synchronization

/// Where a run writes to, for the sentence of an interruption.
final class RunPlace: Sendable {
  private let directory = Mutex<URL?>(nil)

  func set(_ url: URL) { directory.withLock { $0 = url } }

  var note: String {
    guard let url = directory.withLock({ $0 }) else { return "interrupted before training began" }
    return "interrupted; every finished round is in \(url.relativePath)"
  }
}
