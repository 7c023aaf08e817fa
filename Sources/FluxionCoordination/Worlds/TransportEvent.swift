/// What a transport sees of its parties beside the reports that it delivers; the page of a run is drawn from such events
/// and from the journal.
public enum TransportEvent: Hashable, Sendable {
  /// A party has joined, or is back, and says how many samples it holds.
  case connected(party: Int, name: String, samples: Int)
  case disconnected(party: Int)
  /// A round's work is handed out to these clients, ascending.
  case handedOut(round: Int, clients: [Int], deadline: Duration?)
  /// So many bytes went to a party since the last such event.
  case sent(party: Int, bytes: Int)
  /// So many bytes came from a party since the last such event.
  case received(party: Int, bytes: Int)
  /// The transport itself turned a report away, so that no journal tells of it.
  case refused(round: Int, party: Int, ClientFailure)
  /// Nothing is taken from a party any longer.
  case quarantined(party: Int, reason: String)
}
