import FluxionCalculus
import FluxionCoordination
@testable import FluxionDashboard
import FluxionInterop
import FluxionLearning
import HTTPTypes
import Foundation
import Testing

@Suite("The server, over loopback", .timeLimit(.minutes(10)))
struct DashboardTests {
  /// A board with something to say.
  private func board() throws -> StatusBoard {
    let board = Facts.board()
    board.post(.roundStarted(round: 1, cohort: 3))
    board.post(Facts.accepted(0, in: 1))
    board.publish(try Facts.parameters(), afterRound: 1)
    board.post(Facts.recorded(1))
    return board
  }

  @Test("every route: without the token and with a wrong one nothing of the run is told, with it the answer")
  func access() async throws {
    try await Visitor.serve(try board()) { (port: Int) async throws in
      for route in Route.allCases where route != .events {
        let method = route.methods[0].rawValue
        for token in [nil, "Z123456789abcdef0123456789abcdef"] {
          let answer = try await Visitor.ask(port, "\(method) \(route.path)", token: token)
          #expect(answer.status == (route == .session || !route.isOpen ? 401 : 200), "\(route) \(token ?? "none")")
          #expect(!answer.body.contains("quiet-run") && !answer.body.contains("Round"), "\(route)")
        }
        let answer = try await Visitor.ask(port, "\(method) \(route.path)")
        #expect(answer.status == (route == .session ? 401 : 200), "\(route)")
      }
      for path in ["/", "/api/events", "/api/other", "/../etc/passwd", "//", "/healthz/"] {
        #expect(try await Visitor.ask(port, "GET \(path)", token: nil).status == 401, "\(path)")
      }
      #expect(try await Visitor.ask(port, "GET /api/status?token=\(Visitor.token)", token: nil).status == 401)
      #expect(try await Visitor.ask(port, "GET /nothing").status == 404)
    }
  }

  @Test("every answer has the strict headers, and none may be cached but the model, which is asked after each time")
  func headers() async throws {
    try await Visitor.serve(try board()) { (port: Int) async throws in
      for path in Route.allCases.filter({ $0 != .events }).map(\.path) + ["/nothing"] {
        for token in [nil, Visitor.token] {
          let answer = try await Visitor.ask(port, "GET \(path)", token: token)
          let policy = try #require(answer.fields["content-security-policy"], "\(path)")
          #expect(policy.hasPrefix("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
          #expect(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains("*"))
          #expect(
            answer.fields["x-content-type-options"] == "nosniff" && answer.fields["referrer-policy"] == "no-referrer")
          let isModel = path == Route.model.path && token != nil
          #expect(answer.fields["cache-control"] == (isModel ? "private, no-cache" : "no-store"), "\(path)")
        }
      }
    }
  }

  @Test("nothing can be changed: other methods are refused, HEAD is GET without its body")
  func readOnly() async throws {
    try await Visitor.serve(try board()) { (port: Int) async throws in
      for route in Route.allCases {
        for method in ["PUT", "DELETE", "PATCH", route == .session ? "GET" : "POST"] {
          #expect(try await Visitor.ask(port, "\(method) \(route.path)").status == 405, "\(method) \(route)")
        }
      }
      let head = try await Visitor.ask(port, "HEAD /api/status")
      let got = try await Visitor.ask(port, "GET /api/status")
      #expect(head.status == 200 && head.body.isEmpty)
      #expect(head.fields["content-length"] == got.fields["content-length"])
    }
  }

  @Test("the status is the board's")
  func status() async throws {
    let board = try board()
    try await Visitor.serve(board) { (port: Int) async throws in
      let answer = try await Visitor.ask(port, "GET /api/status")
      #expect(answer.fields["content-type"] == "application/json")
      #expect(try FederationStatus.decoder.decode(FederationStatus.self, from: Data(answer.body.utf8)) == board.status)
      #expect(answer.fields["fluxion-event-id"] == board.snapshot.id.description)
      let metrics = try await Visitor.ask(port, "GET /metrics")
      #expect(metrics.body == FederationMetrics(board.status).text())
      #expect(metrics.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    }
  }

  @Test("the token signs in once: a cookie that scripts and other sites do not see, and then the page")
  func signsIn() async throws {
    try await Visitor.serve(try board()) { (port: Int) async throws in
      let form = ["Content-Type: application/x-www-form-urlencoded"]
      let wrong = try await Visitor.ask(port, "POST /session", form, token: nil, body: "token=wrong")
      #expect(wrong.status == 401 && wrong.fields["set-cookie"] == nil && wrong.body.contains("not the token"))
      let right = try await Visitor.ask(port, "POST /session", form, token: nil, body: "token=\(Visitor.token)")
      let cookie = try #require(right.fields["set-cookie"])
      #expect(right.status == 303 && right.fields["location"] == "/")
      #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(Visitor.token))
      let pair = try #require(cookie.split(separator: ";").first)
      let page = try await Visitor.ask(port, "GET /", ["Cookie: \(pair)"], token: nil)
      #expect(page.status == 200 && page.body.contains("Round 1 of 4"))
    }
    try await Visitor.serve(try board(), { $0.isBehindTLS = true }) { (port: Int) async throws in
      let answer = try await Visitor.ask(port, "POST /session", token: nil, body: "token=\(Visitor.token)")
      #expect(answer.fields["set-cookie"]?.hasSuffix("; Secure") == true)
    }
  }

  @Test("the model is a safetensors file whose tag is the digest of the parameters; who has it is not sent it again")
  func model() async throws {
    let parameters = try Facts.parameters()
    try await Visitor.serve(try board()) { (port: Int) async throws in
      let answer = try await Visitor.ask(port, "GET /api/model")
      let digest = ModelDigest.sha256Hex(of: parameters.values)
      #expect(answer.fields["etag"] == "\"\(digest)\"")
      #expect(answer.fields["content-disposition"] == "attachment; filename=\"model.safetensors\"")
      let expected = try Safetensors(parameters, metadata: ["format": "fluxion"]).encoded()
      #expect(answer.body == String(decoding: expected, as: UTF8.self))
      #expect(answer.fields["content-length"] == String(expected.count))
      let again = try await Visitor.ask(port, "GET /api/model", ["If-None-Match: \"x\", \"\(digest)\""])
      #expect(again.status == 304 && again.body.isEmpty)
      #expect(try await Visitor.ask(port, "GET /api/model", ["If-None-Match: \"x\""]).status == 200)
    }
    try await Visitor.serve(Facts.board()) { (port: Int) async throws in
      #expect(try await Visitor.ask(port, "GET /api/model").status == 404)
    }
  }

  @Test("events are streamed as they happen, with a heartbeat, and taken up again after the last that was seen")
  func events() async throws {
    let board = try board()
    let before = board.snapshot.id
    let request = "GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Visitor.token)\r\n"
    try await Visitor.serve(board) { (port: Int) async throws in
      async let stream = Visitor.send(port, request + "\r\n") { $0.contains("event: heartbeat") }
      while board.readerCount == 0 { await Task.yield() }
      board.post(.roundStarted(round: 2, cohort: 3))
      board.beat()
      let answer = Visitor.answer(in: try await stream)
      #expect(answer.fields["content-type"] == "text/event-stream" && answer.status == 200)
      let order = answer.body.matches(of: /event: ([a-z]+)/).map { String($0.output.1) }
      #expect(order == ["reset", "state", "heartbeat"])
      #expect(answer.body.contains("retry: 2000\n\n") && answer.body.contains("id: \(before)\nevent: reset\n"))
      let resumed = try await Visitor.send(port, request + "Last-Event-ID: \(before)\r\n\r\n") {
        $0.contains("event: state")
      }
      #expect(!resumed.contains("event: reset"))
    }
  }

  @Test("the server's own heart beats")
  func heart() async throws {
    let request = "GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Visitor.token)\r\n\r\n"
    try await Visitor.serve(try board(), { $0.heartbeat = .milliseconds(5) }) { (port: Int) async throws in
      let text = try await Visitor.send(port, request) { $0.contains("event: heartbeat") }
      #expect(text.contains("event: heartbeat"))
    }
  }

  @Test("streams beyond the limit are told to come later; one that ends makes room, and the end of the server ends all")
  func streams() async throws {
    let request = "GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Visitor.token)\r\n\r\n"
    let board = try board()
    try await Visitor.serve(board, { $0.maximumStreams = 1 }) { (port: Int) async throws in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await Visitor.send(port, request) }
        while board.readerCount == 0 { await Task.yield() }
        let refused = try await Visitor.ask(port, "GET /api/events")
        #expect(refused.status == 503 && refused.fields["retry-after"] != nil)
        group.cancelAll()
      }
      // The place is free once the server has seen that its reader is gone.
      var text = ""
      while !text.contains("event: reset") {
        text = try await Visitor.send(port, request) { $0.contains("event: reset") || $0.contains("503") }
      }
    }
  }

  @Test("requests that are too long or no HTTP are turned away, and the server goes on")
  func limits() async throws {
    try await Visitor.serve(try board()) { (port: Int) async throws in
      let long = String(repeating: "x", count: 3000)
      #expect(try await Visitor.ask(port, "GET /\(long)").status == 414)
      #expect(try await Visitor.ask(port, "GET /", ["X: \(String(repeating: "x", count: 9000))"]).status == 400)
      #expect(try await Visitor.ask(port, "GET /", (0..<200).map { "X\($0): y" }).status == 400)
      #expect(try await Visitor.ask(port, "POST /session", body: String(repeating: "x", count: 5000)).status == 413)
      let flood = "GET /" + String(repeating: "x", count: 1 << 20)
      #expect(try await Visitor.send(port, flood) == "")
      #expect(try await Visitor.send(port, "\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n").hasPrefix("HTTP/1.1 400"))
      #expect(try await Visitor.ask(port, "GET /healthz", token: nil).body == "ok\n")
    }
  }

  @Test("a request that does not arrive is not waited for")
  func slow() async throws {
    try await Visitor.serve(try board(), { $0.requestTimeout = .milliseconds(30) }) { (port: Int) async throws in
      #expect(try await Visitor.send(port, "GET / HT") == "")
    }
  }

  @Test("a port that is taken is told in a sentence")
  func taken() async throws {
    try await Visitor.serve(Facts.board()) { (port: Int) async throws in
      let error = await #expect(throws: FluxionError.self) {
        try await Visitor.serve(Facts.board(), { $0.port = port }) { _ in }
      }
      #expect(error?.message.contains("cannot be served on port \(port)") == true)
    }
  }
}
