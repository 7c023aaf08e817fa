public import FluxionCalculus
import Foundation

/// A name or an address by which clients reach a server, as its certificate lists it.
public enum ServerName: Hashable, Sendable {
  case dns(String)
  /// 4 bytes of IPv4 or 16 of IPv6.
  case address([UInt8])

  /// - Throws: ``FluxionError/Code/invalidArgument``.
  public init(_ text: String) throws(FluxionError) {
    if let address = Self.address(in: text) {
      self = .address(address)
    } else if Self.isHostName(text) {
      self = .dns(text.lowercased())
    } else {
      throw FluxionError(
        .invalidArgument,
        "a server is reached by a host name or an IP address, such as fed.example.org or 192.0.2.7; without a port")
    }
  }

  static func address(in text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }

  /// RFC 1123, section 2.1; no wildcards. A last label of digits is a mistyped address, never a name.
  private static func isHostName(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    return text.utf8.count <= 253 && labels.last?.allSatisfy(\.isNumber) == false
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
          && label.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0"..."9" ~= $0 || $0 == "-")
          }
      }
  }
}

extension ServerName: CustomStringConvertible {
  public var description: String {
    switch self {
    case .dns(let name): return name
    case .address(let bytes):
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      let written = inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
      return written == nil ? "" : String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
