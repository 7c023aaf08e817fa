import FluxionCalculus
@testable import FluxionServer
import FluxionWire
import Foundation
import GRPCCore
import Synchronization
import Testing

@Suite("Who has which place")
struct RosterTests {
  private func introduction(_ name: String, place: Int? = nil, samples: Int = 5) -> Introduction {
    Introduction(name: name, samples: samples, exampleShape: [1], classCount: nil, place: place)
  }

  @Test("parties get the place that they want, or the first that is free, and keep it")
  func places() throws {
    let roster = try Roster(places: 3)
    #expect(try roster.seat(introduction("b", place: 1)) == 1)
    #expect(try roster.seat(introduction("a")) == 0)
    #expect(try roster.seat(introduction("c")) == 2)
    #expect(try roster.seat(introduction("a", place: 0)) == 0)
    #expect(try roster.seat(introduction("b", samples: 7)) == 1)
    #expect(roster.seats.map { $0?.samples } == [5, 7, 5])
    #expect(roster.place(of: "c") == 2)
    #expect(roster.place(of: "d") == nil)
    #expect(roster.name(of: 1) == "b")
    #expect(roster.name(of: 9) == "party 9")
  }

  @Test(
    "who gets none is told why",
    arguments: [
      ("d", nil, "every place in it is taken"), ("a", 1, "has place 0"), ("d", 1, "every place"),
    ] as [(String, Int?, String)])
  func full(name: String, place: Int?, reason: String) throws {
    let roster = try Roster(["a", "b"])
    let error = #expect(throws: RPCError.self) { try roster.seat(introduction(name, place: place)) }
    #expect(error?.code == .permissionDenied)
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test("a place that another has, or that there is none of, is not given", arguments: [(0, "that of a"), (7, "no 7")])
  func taken(place: Int, reason: String) throws {
    let roster = try Roster(places: 2)
    _ = try roster.seat(introduction("a"))
    let error = #expect(throws: RPCError.self) { try roster.seat(introduction("b", place: place)) }
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    #expect(roster.place(of: "b") == nil)
  }

  @Test("a place counts once it is kept, and a server that is started again knows it")
  func kept() throws {
    let kept = Mutex<[[Roster.Seat?]]>([])
    let roster = try Roster(places: 2) { seats in
      if seats.contains(where: { $0?.name == "b" }) { throw FluxionError(.cannotWrite, "the disk is full") }
      kept.withLock { $0.append(seats) }
    }
    _ = try roster.seat(introduction("a", place: 1))
    _ = try roster.seat(introduction("a", place: 1))
    #expect(throws: FluxionError.self) { try roster.seat(introduction("b")) }
    #expect(roster.place(of: "b") == nil)
    let seats = kept.withLock { $0 }
    #expect(seats == [[nil, Roster.Seat(name: "a", samples: 5)]])
    let again = try Roster(places: 2, seats: seats.last ?? [])
    #expect(try again.seat(introduction("a")) == 1)
  }

  @Test("that a party has heard the end is kept until the party is back")
  func dismissed() throws {
    let kept = Mutex<[[Roster.Seat?]]>([])
    let roster = try Roster(places: 3) { seats in kept.withLock { $0.append(seats) } }
    for name in ["a", "b"] { _ = try roster.seat(introduction(name)) }
    for place in [1, 1, 2] { try roster.dismiss(place) }
    #expect(kept.withLock(\.count) == 3, "nothing is kept that is known, or of nobody")
    let data = try JSONEncoder().encode(roster.seats)
    let again = try Roster(places: 3, seats: JSONDecoder().decode([Roster.Seat?].self, from: data))
    #expect(again.seats.map { $0?.isDismissed } == [false, true, nil])
    #expect(try again.seat(introduction("b")) == 1)
    #expect(again.seats.map { $0?.isDismissed } == [false, false, nil])
    let old = try JSONDecoder().decode(Roster.Seat.self, from: Data(#"{"name": "a", "samples": 5}"#.utf8))
    #expect(old == Roster.Seat(name: "a", samples: 5))
  }

  @Test("a federation of nobody, of more parties than places, or of two with one name cannot be")
  func absurd() {
    #expect(throws: FluxionError.self) { try Roster(places: 0) }
    #expect(throws: FluxionError.self) { try Roster(places: 1, seats: [nil, nil]) }
    #expect(throws: FluxionError.self) { try Roster(["a", "a"]) }
  }
}
