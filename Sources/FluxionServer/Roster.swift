import FluxionCalculus
import FluxionWire
import Synchronization

/// Who takes part in a federation: a number of places, and the parties that have taken them.
///
/// Cohorts and random draws go by places, so a party keeps its place for the whole run. A server that is to go on after
/// a restart keeps ``seats`` and begins with them.
///
/// ```swift
/// let roster = try Roster(places: 10)            // whoever comes first
/// let known = try Roster(["north", "south"])     // these and no other
/// ```
public final class Roster: Sendable {
  /// A place that is taken.
  public struct Seat: Codable, Hashable, Sendable {
    public var name: String
    /// The examples that the party said it trains on when it joined; 0 before.
    public var samples: Int
    /// Whether the party has heard that the run is over, so that nobody waits for it.
    public var isDismissed = false

    public init(name: String, samples: Int = 0) { (self.name, self.samples) = (name, samples) }

    /// Reads a seat; one that says nothing of being dismissed is not.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      samples = try container.decode(Int.self, forKey: .samples)
      isDismissed = try container.decodeIfPresent(Bool.self, forKey: .isDismissed) ?? false
    }
  }

  public let places: Int
  private let state: Mutex<[Seat?]>
  private let keep: @Sendable ([Seat?]) throws -> Void

  /// - Parameters:
  ///   - seats: those that were taken in an earlier life of the server; nil for a place that is free.
  ///   - keep: is called with all seats when one changes, before the party learns of it.
  /// - Throws: ``FluxionError/Code/invalidArgument`` for no places, more seats than places, or two of one name.
  public init(
    places: Int, seats: [Seat?] = [], keep: @escaping @Sendable ([Seat?]) throws -> Void = { _ in }
  ) throws {
    let names = seats.compactMap { $0?.name }
    guard places >= 1, seats.count <= places, Set(names).count == names.count else {
      throw FluxionError(
        .invalidArgument, "a federation has at least 1 party, no more than places, and each has a name of its own")
    }
    self.places = places
    self.keep = keep
    state = Mutex(seats + Array(repeating: nil, count: places - seats.count))
  }

  /// A federation of these parties alone, in this order.
  public convenience init(_ names: [String]) throws {
    try self.init(places: names.count, seats: names.map { Seat(name: $0) })
  }

  /// What is known of each place.
  public var seats: [Seat?] { state.withLock { $0 } }

  /// The place of a party; nil if it has none.
  public func place(of name: String) -> Int? { state.withLock { $0.firstIndex { $0?.name == name } } }

  /// The name of whoever has a place; the place's number before anybody has it.
  public func name(of place: Int) -> String {
    state.withLock { seats in seats.indices.contains(place) ? seats[place]?.name : nil } ?? "party \(place)"
  }

  /// Gives a party the place that it has, the one that it wants, or the first that is free.
  ///
  /// - Throws: `RPCError` that tells the party why it gets none; whatever keeping the seats throws.
  func seat(_ introduction: Introduction) throws -> Int {
    try state.withLock { seats in
      let place = try Self.place(for: introduction, in: seats)
      try change(&seats, at: place, to: Seat(name: introduction.name, samples: introduction.samples))
      return place
    }
  }

  /// Keeps in mind that a party has heard the end.
  ///
  /// - Throws: whatever keeping the seats throws.
  func dismiss(_ place: Int) throws {
    try state.withLock { seats in
      guard var seat = seats[place] else { return }
      seat.isDismissed = true
      try change(&seats, at: place, to: seat)
    }
  }

  private func change(_ seats: inout [Seat?], at place: Int, to seat: Seat) throws {
    guard seats[place] != seat else { return }
    var changed = seats
    changed[place] = seat
    try keep(changed)
    seats = changed
  }

  private static func place(for introduction: Introduction, in seats: [Seat?]) throws -> Int {
    if let known = seats.firstIndex(where: { $0?.name == introduction.name }) {
      if let wanted = introduction.place, wanted != known { throw RPCRefusal.otherPlace(wanted, has: known) }
      return known
    }
    guard let free = seats.firstIndex(of: nil) else { throw RPCRefusal.unknownParty(introduction.name) }
    guard let wanted = introduction.place else { return free }
    guard wanted < seats.count else { throw RPCRefusal.noPlace(wanted, of: seats.count) }
    if let other = seats[wanted] { throw RPCRefusal.takenPlace(wanted, by: other.name) }
    return wanted
  }
}
