import FluxionExperiment
import Synchronization

/// The page of the latest state, made once however many people look.
final class PageCache: Sendable {
  private let board: StatusBoard
  private let latest = Mutex<(id: ChangeID, html: String)?>(nil)

  init(_ board: StatusBoard) { self.board = board }

  /// - Throws: ``FluxionError`` if the model has no file.
  func html() throws -> String {
    let (id, status) = board.snapshot
    return try latest.withLock { latest in
      if let latest, latest.id == id { return latest.html }
      let file = try board.model?.file()
      let html = StatusPage(status, modelSHA256: file?.sha256, modelByteCount: file?.data.count).document()
      latest = (id, html)
      return html
    }
  }
}
