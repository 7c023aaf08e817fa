/// What one reader is sent: makes events of a board's news, and of a gap in them everything at once.
struct EventStream {
  private let board: StatusBoard
  private var last: Int?

  init(_ board: StatusBoard) { self.board = board }

  mutating func event(for news: StatusNews) throws -> ServerSentEvent? {
    switch news {
    case .heartbeat: return ServerSentEvent(name: "heartbeat", data: "")
    case .change(let id, let change):
      // Told already, with everything else, after a gap.
      if let last, id.number <= last, !change.isReset { return nil }
      if let last, id.number > last + 1, !change.isReset {
        let (now, status) = board.snapshot
        return try event(now, .reset(status))
      }
      return try event(id, change)
    }
  }

  private mutating func event(_ id: ChangeID, _ change: StatusChange) throws -> ServerSentEvent {
    last = id.number
    return ServerSentEvent(
      id: id.description, name: change.name, data: String(decoding: try change.json(), as: UTF8.self))
  }
}

extension StatusChange {
  fileprivate var isReset: Bool { if case .reset = self { true } else { false } }
}
