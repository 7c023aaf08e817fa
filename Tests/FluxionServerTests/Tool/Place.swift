import Foundation
import Testing

/// A directory that goes when the test does.
final class Place {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "fluxion-serve-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The run that an output directory has.
  func record(_ output: String) throws -> [String: Any] {
    let data = try Data(contentsOf: url.appending(path: "\(output)/run.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// The digest of its model.
  func digest(_ output: String) throws -> String { try #require(try record(output)["modelSHA256"] as? String) }
}

/// A port of the loopback interface that nobody listened on a moment ago, below those that systems give out by
/// themselves: a server that is begun again finds it free.
enum FreePort {
  static func any() throws -> Int {
    for _ in 0..<100 {
      let port = UInt16.random(in: 20_000...32_000)
      if isFree(port) { return Int(port) }
    }
    throw CocoaError(.fileReadUnknown)
  }

  private static func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, socketType, 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private static var socketType: Int32 {
    #if canImport(Darwin)
    SOCK_STREAM
    #else
    Int32(SOCK_STREAM.rawValue)
    #endif
  }
}
