import Fluxion
import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Asks the page of a server on this machine.
struct PageClient {
  /// With the token of the page.
  var url: URL
  var token: String
  var timeoutSeconds = 5.0

  struct Answer {
    var body: Data
    /// The server's clock, if it says.
    var date: Date?
  }

  /// - Parameter path: such as `api/status`.
  /// - Throws: ``FluxionError/Code/unavailable`` if nobody answers, or not as the page does.
  func get(_ path: String) async throws -> Answer {
    // Where the environment names a proxy, the token is not for it.
    setenv("no_proxy", "*", 1)
    var request = URLRequest(url: url.appending(path: path))
    request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeoutSeconds
    configuration.timeoutIntervalForResource = timeoutSeconds
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    let session = URLSession(configuration: configuration)
    defer { session.invalidateAndCancel() }
    let (body, response): (Data, URLResponse)
    do { (body, response) = try await session.data(for: request) } catch {
      throw FluxionError(.unavailable, "\(url.absoluteString) does not answer", cause: error)
    }
    guard let response = response as? HTTPURLResponse, response.statusCode == 200 else {
      let status = (response as? HTTPURLResponse)?.statusCode ?? 0
      throw FluxionError(
        .unavailable, "\(url.absoluteString) answers with status \(status), which is not how this server's page does")
    }
    return Answer(body: body, date: response.value(forHTTPHeaderField: "Date").flatMap(Self.date))
  }

  /// As in RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
  static func date(_ text: String) -> Date? {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return formatter.date(from: text)
  }
}
