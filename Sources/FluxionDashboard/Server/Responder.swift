import FluxionExperiment
import FluxionCalculus
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization

/// Answers requests: looks up the route, asks who may, and only then looks at the run.
struct Responder: Sendable {
  private let board: StatusBoard
  private let access: Access
  private let pages: PageCache
  private let streams: StreamCount
  private let isBehindTLS: Bool

  /// Of a request to sign in.
  static let maximumFormByteCount = 4096
  /// Of the path and what follows it.
  static let maximumTargetLength = 2048
  private static let chunkByteCount = 256 << 10

  init(_ board: StatusBoard, access: Access, maximumStreams: Int, isBehindTLS: Bool) {
    self.board = board
    self.access = access
    self.isBehindTLS = isBehindTLS
    pages = PageCache(board)
    streams = StreamCount(limit: maximumStreams)
  }

  func respond(to request: Request) async -> Response {
    var response: Response
    do { response = try await answer(request) } catch {
      let sentence = (error as? FluxionError)?.message ?? "the request could not be answered"
      response = .problem(.internalServerError, sentence)
    }
    for field in Self.headers { response.headers[field.name] = field.value }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return request.method == .head ? response.createHeadResponse() : response
  }

  private func answer(_ request: Request) async throws -> Response {
    guard (request.head.path ?? "").utf8.count <= Self.maximumTargetLength else {
      return .problem(.uriTooLong, "a request's target has up to \(Self.maximumTargetLength) bytes")
    }
    let route = Route(rawValue: request.uri.path)
    // An unknown path is as closed as any: who has no token does not learn what exists.
    guard
      access.permits(
        route ?? .page, authorization: request.headers[.authorization], cookies: request.headers[values: .cookie])
    else { return route == .page ? signIn(.unauthorized) : .denied() }
    guard let route else { return .problem(.notFound, "there is nothing at this path") }
    guard route.methods.contains(request.method) else {
      return .problem(
        .methodNotAllowed, "this path takes \(route.methods[0].rawValue) only",
        [.allow: route.methods.map(\.rawValue).joined(separator: ", ")])
    }
    return try await answer(route, request)
  }

  private func answer(_ route: Route, _ request: Request) async throws -> Response {
    switch route {
    case .page: return .text(try pages.html(), type: "text/html; charset=utf-8")
    case .status:
      let (id, status) = board.snapshot
      return .bytes(try FederationStatus.encoder.encode(status), type: "application/json", [.sequence: id.description])
    case .events: return events(request)
    case .model: return try model(request)
    case .metrics:
      return .text(
        FederationMetrics(board.status).text(), type: "text/plain; version=0.0.4; charset=utf-8")
    case .health: return .text("ok\n", type: "text/plain; charset=utf-8")
    case .session: return await session(request)
    case .style: return .text(Assets.styleSheet, type: "text/css; charset=utf-8")
    case .script: return .text(Assets.script, type: "text/javascript; charset=utf-8")
    case .signInScript: return .text(Assets.signInScript, type: "text/javascript; charset=utf-8")
    case .icon: return .text(Assets.icon, type: "image/svg+xml")
    }
  }

  /// On every response.
  private static let headers: HTTPFields = [
    .contentSecurityPolicy:
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
      + "base-uri 'none'; frame-ancestors 'none'",
    .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
    .openerPolicy: "same-origin", .crossOriginResourcePolicy: "same-origin",
  ]
}

// Signing in.
extension Responder {
  private func signIn(_ status: HTTPResponse.Status, isWrong: Bool = false) -> Response {
    .text(
      SignInPage(isWrong: isWrong).document(), type: "text/html; charset=utf-8", status: status,
      [.wwwAuthenticate: "Bearer"])
  }

  private func session(_ request: Request) async -> Response {
    guard let form = try? await request.body.collect(upTo: Self.maximumFormByteCount) else {
      return .problem(.contentTooLarge, "the form has up to \(Self.maximumFormByteCount) bytes")
    }
    guard let token = Self.token(inForm: String(buffer: form)), access.isToken(token) else {
      return signIn(.unauthorized, isWrong: true)
    }
    let cookie = "\(access.cookieName)=\(access.cookieValue); Path=/; HttpOnly; SameSite=Strict"
    return Response(
      status: .seeOther, headers: [.location: "/", .setCookie: isBehindTLS ? cookie + "; Secure" : cookie])
  }

  /// The field `token` of a form (`application/x-www-form-urlencoded`).
  static func token(inForm form: String) -> String? {
    form.split(separator: "&").first { $0.hasPrefix("token=") }
      .flatMap { String($0.dropFirst(6)).replacing("+", with: " ").removingPercentEncoding }
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }
}

// Bodies that are sent piece by piece.
extension Responder {
  private func events(_ request: Request) -> Response {
    guard request.method == .get else { return Response(status: .ok, headers: [.contentType: "text/event-stream"]) }
    guard let place = streams.take() else {
      return .problem(.serviceUnavailable, "too many pages are open; close some, or try again", [.retryAfter: "30"])
    }
    let last = request.headers[.lastEventID].flatMap { ChangeID($0) }
    let board = board
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
      body: ResponseBody { writer in
        defer { place.giveBack() }
        try await request.body.consumeWithCancellationOnInboundClose { _ in
          var stream = EventStream(board)
          try await writer.write(ByteBuffer(string: ServerSentEvent.retry(milliseconds: 2000)))
          for await news in board.news(after: last) {
            guard let event = try stream.event(for: news) else { continue }
            try await writer.write(ByteBuffer(string: event.text))
          }
          try await writer.finish(nil)
        }
      })
  }

  private func model(_ request: Request) throws -> Response {
    guard let file = try board.model?.file() else {
      return .problem(.notFound, "there is no model before the first round is done")
    }
    let tag = "\"\(file.sha256)\""
    var fields: HTTPFields = [.eTag: tag, .cacheControl: "private, no-cache"]
    let known = request.headers[.ifNoneMatch] ?? ""
    guard known != "*", !known.split(separator: ",").contains(where: { $0.trimmingCharacters(in: .whitespaces) == tag })
    else { return Response(status: .notModified, headers: fields) }
    fields[.contentType] = "application/octet-stream"
    fields[.contentDisposition] = "attachment; filename=\"model.safetensors\""
    let data = file.data
    return Response(
      status: .ok, headers: fields,
      body: ResponseBody(contentLength: data.count) { writer in
        for start in stride(from: 0, to: data.count, by: Self.chunkByteCount) {
          try await writer.write(ByteBuffer(bytes: data[start..<min(start + Self.chunkByteCount, data.count)]))
        }
        try await writer.finish(nil)
      })
  }
}

/// How many streams of events there are.
private final class StreamCount: Sendable {
  private let limit: Int
  private let count = Mutex(0)

  init(limit: Int) { self.limit = limit }

  /// One place; whoever drops it without a word gives it back too.
  final class Place: Sendable {
    private let owner: Mutex<StreamCount?>

    init(_ owner: StreamCount) { self.owner = Mutex(owner) }

    func giveBack() {
      let owner = self.owner.withLock { owner in
        defer { owner = nil }
        return owner
      }
      owner?.count.withLock { $0 -= 1 }
    }

    deinit { giveBack() }
  }

  func take() -> Place? {
    let isFree = count.withLock { count in
      guard count < limit else { return false }
      count += 1
      return true
    }
    return isFree ? Place(self) : nil
  }
}

extension Response {
  fileprivate static func text(
    _ text: String, type: String, status: HTTPResponse.Status = .ok, _ fields: HTTPFields = [:]
  ) -> Response { bytes(Data(text.utf8), type: type, status: status, fields) }

  fileprivate static func bytes(
    _ bytes: Data, type: String, status: HTTPResponse.Status = .ok, _ fields: HTTPFields = [:]
  ) -> Response {
    var headers = fields
    headers[.contentType] = type
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// One sentence, as JSON.
  fileprivate static func problem(
    _ status: HTTPResponse.Status, _ sentence: String, _ fields: HTTPFields = [:]
  ) -> Response {
    let json = (try? JSONEncoder().encode(["error": sentence])) ?? Data("{}".utf8)
    return bytes(json, type: "application/json", status: status, fields)
  }

  fileprivate static func denied() -> Response {
    .problem(
      .unauthorized, "this needs the token of the page: send it as Authorization: Bearer …",
      [.wwwAuthenticate: "Bearer"])
  }
}

extension HTTPField.Name {
  fileprivate static var referrerPolicy: Self { named("Referrer-Policy") }
  fileprivate static var openerPolicy: Self { named("Cross-Origin-Opener-Policy") }
  fileprivate static var lastEventID: Self { named("Last-Event-ID") }
  /// The place of a snapshot among the changes: where a stream of events can go on.
  fileprivate static var sequence: Self { named("Fluxion-Event-ID") }

  private static func named(_ name: String) -> Self {
    guard let field = Self(name) else { preconditionFailure("\(name) is the name of a field") }
    return field
  }
}
