@testable import FluxionDashboard
import Foundation
import NIOCore
import NIOPosix

/// Somebody at the other end of a connection to the server, who says whatever he likes.
struct Visitor {
  static let token = "0123456789abcdef0123456789abcdef"

  struct Answer {
    var status: Int
    /// By lower-case name.
    var fields: [String: String]
    var body: String
  }

  /// Serves a board on a free port while `body` runs.
  static func serve<Result: Sendable>(
    _ board: StatusBoard, _ change: (inout Dashboard.Configuration) -> Void = { _ in },
    _ body: @escaping @Sendable (Int) async throws -> Result
  ) async throws -> Result {
    var configuration = Dashboard.Configuration(token: token)
    configuration.heartbeat = .seconds(3600)
    change(&configuration)
    let dashboard = try Dashboard(board, configuration)
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try await dashboard.run { port.yield($0) }
        return nil
      }
      group.addTask {
        for await one in ports { return try await body(one) }
        return nil
      }
      defer { group.cancelAll() }
      while let result = try await group.next() { if let result { return result } }
      throw CancellationError()
    }
  }

  /// What a server says to a request, until it ends the connection.
  static func ask(
    _ port: Int, _ line: String, _ fields: [String] = [], token: String? = token, body: String? = nil
  ) async throws -> Answer {
    var lines = [line + " HTTP/1.1", "Host: localhost", "Connection: close"] + fields
    if let token { lines.append("Authorization: Bearer \(token)") }
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    return answer(in: try await send(port, (lines + ["", body ?? ""]).joined(separator: "\r\n")))
  }

  /// Everything that comes back, until the server ends the connection or there is enough.
  static func send(
    _ port: Int, _ text: String, until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }
  ) async throws -> String {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { input, output in
      var bytes: [UInt8] = []
      do {
        try await output.write(ByteBuffer(string: text))
        for try await buffer in input {
          bytes += Array(buffer.readableBytesView)
          if isEnough(String(decoding: bytes, as: UTF8.self)) { break }
        }
      } catch is IOError {
        // The server has closed before all was said.
      } catch is ChannelError {}
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  static func answer(in text: String) -> Answer {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = (parts.first ?? "").components(separatedBy: "\r\n")
    let status = lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return Answer(status: status ?? 0, fields: fields, body: parts.count > 1 ? String(parts[1]) : "")
  }
}
