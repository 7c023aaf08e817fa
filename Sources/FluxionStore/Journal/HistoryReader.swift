import FluxionCoordination
import Foundation

/// Makes a run's history of the rows of its journal, without decoding most of them.
///
/// What was accepted in a round matters for the last round alone, and is most of a journal.
struct HistoryReader {
  private let decoder = JournalEntry.decoder
  private var history = RunHistory()
  /// Provisional rows since the latest row of another kind.
  private var provisional: [JournalDatabase.JournalRow] = []
  /// The latest recorded round, with the provisional rows that belong to it.
  private var last: (provisional: [JournalDatabase.JournalRow], round: JournalDatabase.JournalRow)?

  /// Takes in the next row.
  ///
  /// - Throws: a decoding error for a row that holds no entry.
  mutating func read(_ row: JournalDatabase.JournalRow) throws {
    switch row.kind {
    case "roundStarted": provisional = [row]
    case "updatesAccepted": provisional.append(row)
    case "updateRefused": return
    case "roundDiscarded": provisional = []
    case "roundRecorded":
      if let last { try add(last.round) }
      last = (provisional, row)
      provisional = []
    default:
      try addLast()
      try add(row)
    }
  }

  /// The history, once there are no more rows.
  mutating func finish() throws -> RunHistory {
    try addLast()
    for row in provisional { try add(row) }
    provisional = []
    return history
  }

  private mutating func addLast() throws {
    guard let last else { return }
    for row in last.provisional { try add(row) }
    try add(last.round)
    self.last = nil
  }

  private mutating func add(_ row: JournalDatabase.JournalRow) throws {
    history.add(try decoder.decode(JournalEntry.self, from: Data(row.entry.utf8)))
  }
}
