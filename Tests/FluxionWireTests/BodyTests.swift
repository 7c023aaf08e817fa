import FluxionCalculus
import Foundation
@testable import FluxionWire
import SwiftProtobuf
import Testing

@Suite("Bodies")
struct BodyTests {
  /// Too many to travel within the declaration.
  static let values: [Float] = (0..<5000).map { Float($0) * 0.37 - 11 } + [-0.0, .leastNonzeroMagnitude]

  private func receive(
    _ chunks: [Fluxion_V1_Chunk], of declared: Fluxion_V1_Body, count: Int = values.count
  ) throws -> [Float]? {
    var receiver = BodyReceiver<Int>(patience: 10_000, chunkByteCount: 1 << 20)
    if let received = try receiver.receive(1, declared, expecting: [.init("update", count: count)]) {
      return try received.values.get()
    }
    for chunk in chunks {
      if let received = try receiver.append(chunk) { return try received.values.get() }
    }
    return nil
  }

  @Test("come out as they went in, for any size of chunks", arguments: [1, 3, 4, 1000, 20_008, 1 << 20])
  func roundTrip(size: Int) throws {
    let body = OutgoingBody([("update", Self.values)])
    let received = try #require(try receive(Array(body.chunks(of: size)), of: body.declaration))
    #expect(received.map(\.bitPattern) == Self.values.map(\.bitPattern))
  }

  @Test("carry several vectors")
  func vectors() throws {
    let body = OutgoingBody([("a", Self.values), ("b", [3])])
    var incoming = try IncomingBody(
      body.declaration, expecting: [.init("a", count: Self.values.count), .init("b", count: 1)])
    for chunk in body.chunks(of: 5) { try incoming.append(chunk.data) }
    #expect(try incoming.finish() == Self.values + [3])
  }

  @Test("that are small travel with their declaration", arguments: [1, 4096])
  func inline(count: Int) throws {
    let values = Array(Self.values.prefix(count))
    let body = OutgoingBody([("update", values)])
    #expect(body.isInline && Array(body.chunks(of: 100)).isEmpty)
    #expect(try receive([], of: body.declaration, count: count) == values)
    #expect(!OutgoingBody([("update", Array(Self.values.prefix(4097)))]).isInline)
  }

  @Test("in a declaration are refused when a byte is another, missing or too many")
  func inlineDamage() throws {
    let good = OutgoingBody([("update", [1, 2, 3])]).declaration
    let changes: [@Sendable (inout Data) -> Void] = [{ $0[3] ^= 1 }, { $0.removeLast() }, { $0.append(0) }]
    for change in changes {
      var declared = good
      change(&declared.data)
      #expect(throws: FluxionError.self) { try receive([], of: declared, count: 3) }
    }
  }

  @Test("in a declaration have no chunk after them")
  func chunkAfterInline() throws {
    let declared = OutgoingBody([("update", [1, 2, 3])]).declaration
    var receiver = BodyReceiver<Int>(patience: 10_000, chunkByteCount: 1 << 20)
    let received = try receiver.receive(1, declared, expecting: [.init("update", count: 3)])
    #expect(try received?.values.get() == [1, 2, 3])
    #expect(throws: FluxionError.self) { _ = try receiver.append(.with { $0.data = Data(count: 1) }) }
  }

  @Test("are refused when a byte is another, missing or too many")
  func damage() throws {
    let body = OutgoingBody([("update", Self.values)])
    var chunks = Array(body.chunks(of: 100))
    chunks[7].data[chunks[7].data.startIndex] ^= 1
    #expect(throws: FluxionError.self) { try receive(chunks, of: body.declaration) }
    #expect(try receive(Array(body.chunks(of: 100).dropLast()), of: body.declaration) == nil)
    let long = Array(body.chunks(of: 100).dropLast()) + [.with { $0.data = Data(count: 101) }]
    #expect(throws: FluxionError.self) { try receive(long, of: body.declaration) }
  }

  /// A declaration that is not what was asked for.
  @Test("that are declared otherwise than expected are refused before there is memory for them")
  func declarations() throws {
    let good = OutgoingBody([("update", [1, 2, 3])]).declaration
    let changes: [@Sendable (inout Fluxion_V1_Body) -> Void] = [
      { $0.byteCount = .max }, { $0.byteCount = 13 }, { $0.vectors = [] }, { $0.vectors[0].count = .max },
      { $0.vectors[0].name = "x" }, { $0.vectors += $0.vectors }, { $0.sha256 = Data(count: 31) },
      { $0.vectors[0].count = 4 },
    ]
    for change in changes {
      var declared = good
      change(&declared)
      #expect(throws: FluxionError.self) { try IncomingBody(declared, expecting: [.init("update", count: 3)]) }
    }
  }

  @Test("that nobody wants pass, up to a limit, and a chunk without a body does not")
  func skipping() throws {
    let chunk = Fluxion_V1_Chunk.with { $0.data = Data(count: 600) }
    var receiver = BodyReceiver<Int>(patience: 1000, chunkByteCount: 1000)
    #expect(throws: FluxionError.self) { _ = try receiver.append(chunk) }
    receiver.skip(.with { $0.byteCount = .max })
    #expect(try receiver.append(chunk) == nil)
    #expect(throws: FluxionError.self) { _ = try receiver.append(chunk) }
  }

  @Test("are not begun before the one before has ended")
  func overlap() throws {
    let body = OutgoingBody([("update", Self.values)])
    var receiver = BodyReceiver<Int>(patience: 0, chunkByteCount: 1)
    try receiver.requireIdle()
    #expect(
      try receiver.receive(1, body.declaration, expecting: [.init("update", count: Self.values.count)]) == nil)
    // Of which nothing has come yet: its sender has something else to say.
    try receiver.requireIdle()
    _ = try receiver.append(.with { $0.data = Data(count: 1) })
    #expect(throws: FluxionError.self) { try receiver.requireIdle() }
  }
}
