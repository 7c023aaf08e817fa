import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1

/// One HTTP GET into memory, cut off at a limit.
///
/// AsyncHTTPClient and not `URLSession`, whose sockets on Linux end in a use after free from time to time
/// (swift-corelibs-foundation, issue 4791 and those it names).
package struct HTTPGet: Sendable {
  package var url: URL
  package var headers: [(name: String, value: String)] = []
  /// The most bytes that a body may have.
  package var limit: Int
  /// How long the other side may be silent.
  package var timeoutSeconds: Double
  /// The variables that may name a proxy; none where the request must not leave this machine.
  package var environment: [String: String]

  package init(
    _ url: URL, limit: Int, timeoutSeconds: Double,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.url = url
    self.limit = limit
    self.timeoutSeconds = timeoutSeconds
    self.environment = environment
  }

  package struct Failure: Error {
    package let reason: String
  }

  package struct Answer: Sendable {
    package var body: Data
    package var headers: [String: String]
  }

  /// - Throws: ``Failure`` for a connection that fails, a status other than 200 or a longer body; `CancellationError` when
  ///   the task is cancelled.
  package func answer() async throws -> Answer {
    let silence = TimeAmount.milliseconds(Int64(min(max(timeoutSeconds, 0.001), 86_400) * 1000))
    var configuration = HTTPClient.Configuration(
      timeout: HTTPClient.Configuration.Timeout(connect: silence, read: silence), proxy: proxy)
    // Somebody who is not there is not asked again and again until the time is over.
    configuration.connectionPool.retryConnectionEstablishment = false
    let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    let result: Result<Answer, any Error>
    do { result = .success(try await answer(from: client)) } catch { result = .failure(error) }
    try? await client.shutdown()
    try Task.checkCancellation()
    switch result {
    case .success(let answer): return answer
    case .failure(let failure as Failure): throw failure
    case .failure(let error): throw Failure(reason: "\(error)")
    }
  }

  private func answer(from client: HTTPClient) async throws -> Answer {
    var request = HTTPClientRequest(url: url.absoluteString)
    for header in headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
    // A server that is slow and not silent is waited for.
    let response = try await client.execute(request, deadline: .distantFuture)
    guard response.status == .ok else { throw Failure(reason: "HTTP status \(response.status.code)") }
    var body = Data()
    for try await part in response.body {
      guard body.count + part.readableBytes <= limit else {
        throw Failure(reason: "more than the \(limit) bytes that were expected")
      }
      body.append(contentsOf: part.readableBytesView)
    }
    return Answer(
      body: body, headers: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first })
  }

  /// What the environment says, as curl reads it: `https_proxy` or `http_proxy` by the address's scheme, unless `no_proxy`
  /// names the host or a domain of it.
  var proxy: HTTPClient.Configuration.Proxy? {
    func variable(_ name: String) -> String? {
      [name, name.uppercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    guard let scheme = url.scheme?.lowercased(), let host = url.host()?.lowercased(),
      let named = variable("\(scheme)_proxy") ?? variable("all_proxy")
    else { return nil }
    let exempt = (variable("no_proxy") ?? "").split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
    guard
      !exempt.contains(where: { entry in
        let domain = entry.hasPrefix(".") ? String(entry.dropFirst()) : entry
        return entry == "*" || host == domain || (!domain.isEmpty && host.hasSuffix("." + domain))
      }), let address = URL(string: named.contains("://") ? named : "http://\(named)"), let proxy = address.host()
    else { return nil }
    return .server(
      host: proxy, port: address.port ?? 1080,
      authorization: address.user().map { .basic(username: $0, password: address.password() ?? "") })
  }
}
