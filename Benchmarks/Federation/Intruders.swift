import FluxionCalculus
import FluxionClient
import FluxionWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix
import SwiftProtobuf

/// Connections that come to nothing: half of them are opened and left alone, half send a byte a second.
struct Intruders: Codable {
  enum Behaviour: String, Codable, CaseIterable {
    case silent = "TCP without a byte"
    case handshake = "TLS without HTTP/2"
    case noCall = "HTTP/2 without a call"
    case slowHandshake = "TLS hello at a byte a second"
    case slowFrames = "HTTP/2 in TLS at a byte a second"
    case slowMessage = "a party's first message at a byte a second"

    var encrypts: Bool { self != .silent && self != .slowHandshake }
    var isSlow: Bool { [.slowHandshake, .slowFrames, .slowMessage].contains(self) }
  }

  /// What became of all connections of a kind; times in seconds from the beginning of the connection.
  struct Group: Codable {
    var behaviour: Behaviour
    var count = 0
    var closed = 0
    var firstClosed = 1e9
    var lastClosed = 0.0
    /// Those that were not connected at all.
    var failed = 0
  }

  struct Report: Codable {
    var groups: [Group]
  }

  private struct Outcome: Sendable {
    var behaviour: Behaviour
    var isConnected: Bool
    /// Until the server closed it.
    var seconds: Double?
  }

  /// So many certificates they have between them.
  static let parties = 10
  /// They do not wait longer for the server to close them.
  private static let patience = TimeAmount.seconds(40)

  var port: Int
  /// Half-open connections, and as many slow senders.
  var count: Int
  var folder: URL
  /// The first of their parties.
  var first: Int

  /// Returns when all are closed.
  func run() async throws -> Report {
    let securities = try (first..<first + Self.parties).map { try Parties.security(of: $0, in: folder) }
    let kinds = [false, true].map { isSlow in Behaviour.allCases.filter { $0.isSlow == isSlow } }
    var groups = Dictionary(uniqueKeysWithValues: Behaviour.allCases.map { ($0, Group(behaviour: $0)) })
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      for index in 0..<2 * count {
        let behaviour = kinds[index % 2][index / 2 % kinds[index % 2].count]
        let party = index % Self.parties
        group.addTask {
          do {
            let seconds = try await intrude(behaviour, first + party, securities[party])
            return Outcome(behaviour: behaviour, isConnected: true, seconds: seconds)
          } catch { return Outcome(behaviour: behaviour, isConnected: false, seconds: nil) }
        }
      }
      for try await outcome in group {
        var known = groups[outcome.behaviour] ?? Group(behaviour: outcome.behaviour)
        known.count += 1
        if let seconds = outcome.seconds {
          known.closed += 1
          (known.firstClosed, known.lastClosed) = (min(known.firstClosed, seconds), max(known.lastClosed, seconds))
        }
        if !outcome.isConnected { known.failed += 1 }
        groups[outcome.behaviour] = known
      }
    }
    return Report(groups: Behaviour.allCases.compactMap { groups[$0] }.filter { $0.count > 0 })
  }

  /// - Returns: after how many seconds the server has closed the connection; nil if it has not.
  private func intrude(_ behaviour: Behaviour, _ party: Int, _ security: ClientSecurity) async throws -> Double? {
    let (atOnce, slowly) = try Self.bytes(of: behaviour, party: party)
    let begin = ContinuousClock.now
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        guard behaviour.encrypts else { return channel.eventLoop.makeSucceededVoidFuture() }
        let settings = HTTP2ClientTransport.Posix.Config.defaults { security.configure(&$0, "127.0.0.1") }
        return settings.channelDebuggingCallbacks.onCreateTCPConnection?(channel)
          ?? channel.eventLoop.makeSucceededVoidFuture()
      }
      .connect(host: "127.0.0.1", port: port).get()
    if !atOnce.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: atOnce), promise: nil) }
    let sender = Task {
      for bytes in slowly {
        try await Task.sleep(for: .seconds(1))
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
      }
    }
    let end = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    try await channel.closeFuture.get()
    end.cancel()
    sender.cancel()
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    return seconds < Double(Self.patience.nanoseconds) / 1e9 ? seconds : nil
  }

  /// What is sent at once, and what second by second.
  private static func bytes(of behaviour: Behaviour, party: Int) throws -> (atOnce: [UInt8], slowly: [[UInt8]]) {
    let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, stream: 0, [])
    switch behaviour {
    case .silent, .handshake: return ([], [])
    case .noCall: return (preface, [])
    case .slowHandshake:
      // A record with the first of 508 bytes of a client's hello.
      return (
        [],
        ([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03] + [UInt8](repeating: 7, count: 64)).map {
          [$0]
        }
      )
    case .slowFrames: return ([], preface.map { [$0] })
    case .slowMessage:
      let hello: [UInt8] = try Fluxion_V1_ClientMessage.with {
        $0.hello = Introduction(name: Parties.name(party), samples: 1, exampleShape: [1], classCount: nil).message
      }.serializedBytes()
      let message = [0, 0, 0, 0, UInt8(hello.count)] + hello
      return (
        preface + frame(type: 1, flags: 4, stream: 1, headers), message.map { frame(type: 0, stream: 1, [$0]) }
      )
    }
  }

  /// RFC 9113, section 4.1.
  private static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
  }

  /// Of a call of Join, by the static table of RFC 7541.
  private static var headers: [UInt8] {
    func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    let path = "/" + Fluxion_V1_Federation.Method.Join.descriptor.fullyQualifiedMethod
    return [0x83, 0x87, 0x04] + text(path) + [0x01] + text("127.0.0.1") + [0x0f, 0x10] + text("application/grpc")
      + [0x00] + text("te") + text("trailers")
  }
}
