import Foundation
import Synchronization
import Testing

/// A small HTTP server on a free loopback port that serves fixed bodies; one thread, one connection at a time.
final class LoopbackServer: Sendable {
  /// What to answer for a path.
  struct Answer: Sendable, CustomTestStringConvertible {
    var status = 200
    var body: [UInt8] = []
    /// What the header claims the body's length is; nil: none, the end of the connection ends it.
    var claimedLength: Int?
    /// Whether the server waits, when all is said, until the other side ends the connection.
    var isHeld = false

    /// Without its bytes: to print millions of them takes longer than all else.
    var testDescription: String { "status \(status), \(body.count) bytes" }

    init(_ body: [UInt8], status: Int = 200) {
      self.status = status
      self.body = body
      claimedLength = body.count
    }

    init(_ body: [UInt8], claimedLength: Int, isHeld: Bool = false) {
      self.body = body
      self.claimedLength = claimedLength
      self.isHeld = isHeld
    }

    /// Of a length that is not said.
    init(repeating byte: UInt8, count: Int) { body = [UInt8](repeating: byte, count: count) }
  }

  let port: UInt16
  private let listener: Int32
  private let answers: [String: Answer]
  private let served = Mutex<[String]>([])
  private let (asked, tellAsked) = AsyncStream<Void>.makeStream()

  /// The paths asked for, in order.
  var requests: [String] { served.withLock { $0 } }
  var address: String { "http://127.0.0.1:\(port)/" }

  /// Returns when there was one more request.
  func isAsked() async { for await _ in asked { return } }

  init(_ answers: [String: Answer]) throws {
    self.answers = answers
    #if canImport(Glibc)
    let stream = Int32(SOCK_STREAM.rawValue)
    #else
    let stream = SOCK_STREAM
    #endif
    listener = socket(AF_INET, stream, 0)
    guard listener >= 0 else { throw CocoaError(.fileReadUnknown) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw CocoaError(.fileReadUnknown) }
    port = UInt16(bigEndian: address.sin_port)
    let thread = Thread { [self] in serve() }
    thread.start()
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve() {
    signal(SIGPIPE, SIG_IGN)
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      answer(connection)
      close(connection)
    }
    close(listener)
  }

  private func answer(_ connection: Int32) {
    var request: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
      let count = read(connection, &chunk, chunk.count)
      guard count > 0 else { return }
      request += chunk[..<count]
    }
    let words = String(decoding: request, as: UTF8.self).split(separator: " ")
    guard words.count > 1 else { return }
    if words[0] == "CONNECT" {
      // As a proxy that is the other end as well.
      served.withLock { $0.append("CONNECT \(words[1])") }
      let opened = Array("HTTP/1.1 200 Opened\r\n\r\n".utf8)
      if write(connection, opened, opened.count) == opened.count { self.answer(connection) }
      return
    }
    let path = String(words[1].dropFirst())
    served.withLock { $0.append(path) }
    tellAsked.yield()
    let answer = answers[path] ?? Answer([], status: 404)
    var head = "HTTP/1.1 \(answer.status) Status\r\nConnection: close\r\n"
    if let length = answer.claimedLength { head += "Content-Length: \(length)\r\n" }
    var bytes = Array((head + "\r\n").utf8) + answer.body
    while !bytes.isEmpty {
      let count = write(connection, bytes, bytes.count)
      guard count > 0 else { return }
      bytes.removeFirst(count)
    }
    if answer.isHeld { while read(connection, &chunk, chunk.count) > 0 {} }
  }
}
