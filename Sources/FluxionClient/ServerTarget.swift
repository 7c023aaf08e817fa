import GRPCNIOTransportHTTP2Posix

/// What the transport connects to.
enum ServerTarget {
  /// - Parameter host: a name or an address.
  static func at(_ host: String, port: Int) -> any ResolvableTarget {
    if host.contains(":") { return .ipv6(address: host, port: port) }
    if host.allSatisfy({ $0.isNumber || $0 == "." }) { return .ipv4(address: host, port: port) }
    return .dns(host: host, port: port)
  }
}
