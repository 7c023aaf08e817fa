package import FluxionIdentity
public import Foundation
import GRPCNIOTransportHTTP2Posix
import NIOCore

extension ServerSecurity {
  /// Encryption, and proof of who everybody is, by certificates of the federation's own authority.
  ///
  /// Parties are invited with `fluxion invite` and shut out with `fluxion revoke`, also while the server runs; see
  /// docs/identity.md. The authority is made if the folder has none.
  ///
  /// - Parameters:
  ///   - state: the server's state folder.
  ///   - names: host names and addresses by which clients reach the server, beside those of this machine.
  /// - Throws: ``FluxionError`` for a folder that cannot be used, or a name that is none.
  public static func mutualTLS(state: URL, names: [String] = []) throws -> ServerSecurity {
    let given = try names.map { try ServerName($0) }
    return try mutualTLS(
      Registrar(creating: state), names: given + ServerName.ofThisMachine.filter { !given.contains($0) })
  }

  package static func mutualTLS(_ registrar: Registrar, names: [ServerName]) throws -> ServerSecurity {
    let tls = try ServerTLS(registrar, names: names)
    return ServerSecurity(
      // The handler that encrypts is put first on every connection, below.
      transport: .plaintext, listensBeyondLoopback: true, authorizer: CertificateAuthorizer(registrar: registrar),
      services: [EnrollmentService(registrar: registrar)]
    ) { configuration in
      configuration.channelDebuggingCallbacks.onAcceptTCPConnection = { tls.secure($0) }
    }
  }
}

extension ServerName {
  /// The loopback interface, the host's name, and the addresses of its interfaces.
  package static var ofThisMachine: [ServerName] {
    let devices = (try? System.enumerateDevices()) ?? []
    let addresses = devices.compactMap { $0.address?.ipAddress }.filter { !$0.contains("%") && !$0.hasPrefix("fe80") }
    let names = ["localhost", "127.0.0.1", "::1", ProcessInfo.processInfo.hostName] + addresses.sorted()
    return names.compactMap { try? ServerName($0) }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
