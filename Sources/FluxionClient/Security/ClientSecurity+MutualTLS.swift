import FluxionCalculus
public import FluxionIdentity
import Foundation
import GRPCNIOTransportHTTP2Posix

extension ClientSecurity {
  /// Encryption, and proof of who both ends are, by certificates of the federation's own authority.
  ///
  /// The party has enrolled before (``PartyEnrollment``), and its configuration has the name of its identity. The
  /// certificate is renewed while the client runs, in the last third of its time.
  ///
  /// - Parameter folder: where the identity is.
  public static func mutualTLS(_ folder: PartyFolder) -> ClientSecurity {
    ClientSecurity(
      joinsBeyondLoopback: true,
      configure: { configuration, host in
        PartyTLS.install(in: &configuration) { try PartyTLS.handler(folder.requiredIdentity(), host: host) }
      },
      maintain: { host, port in
        while !Task.isCancelled {
          if let identity = try? folder.identity(), identity.isDueForRenewal() {
            // There are weeks left to try again.
            _ = try? await PartyEnrollment(host: host, port: port).renew(in: folder)
          }
          try? await Task.sleep(for: .seconds(3600))
        }
      },
      transport: {
        let identity = try folder.requiredIdentity()
        guard Date() < identity.expires else {
          throw FluxionError(
            .unauthorized,
            "the certificate of \(identity.name) was good until \(identity.expires.formatted(.iso8601)); ask whoever "
              + "runs the server for an invitation, and join with it")
        }
        return .customSecure
      })
  }
}
