import ArgumentParser
import FluxionCommand

/// Where a server is: `HOST:PORT`, `HOST`, `[::1]:PORT` or `PORT`.
struct ServerAddress: ExpressibleByArgument, Equatable {
  static let defaultPort = 7117

  var host: String
  var port: Int

  init(host: String, port: Int) { (self.host, self.port) = (host, port) }

  /// nil for a text that is no address.
  init?(argument: String) {
    var host = Substring(argument)
    var port: Int? = Self.defaultPort
    if argument.hasPrefix("[") {
      guard let end = argument.firstIndex(of: "]") else { return nil }
      host = argument[argument.index(after: argument.startIndex)..<end]
      let rest = argument[argument.index(after: end)...]
      if !rest.isEmpty { port = rest.hasPrefix(":") ? Int(rest.dropFirst()) : nil }
    } else if let number = Int(argument) {
      (host, port) = ("127.0.0.1", number)
    } else if let colon = argument.firstIndex(of: ":") {
      host = argument[..<colon]
      port = Int(argument[argument.index(after: colon)...])
    }
    guard let port, (1...65_535).contains(port), !host.isEmpty else { return nil }
    // Resolvers know several addresses by that name, and a server listens on one.
    self.init(host: host == "localhost" ? "127.0.0.1" : String(host), port: port)
  }
}

extension ServerAddress: CustomStringConvertible {
  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
