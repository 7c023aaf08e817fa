import Fluxion
import FluxionFetching
import Foundation

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
    var request = HTTPGet(
      url.appending(path: path), limit: 64 << 20, timeoutSeconds: timeoutSeconds, environment: [:])
    request.headers = [("authorization", "Bearer \(token)")]
    do {
      let answer = try await request.answer()
      return Answer(body: answer.body, date: answer.headers["date"].flatMap(Self.date))
    } catch let failure as HTTPGet.Failure {
      throw FluxionError(
        .unavailable, "\(url.absoluteString) does not answer as this server's page does: \(failure.reason)")
    }
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
