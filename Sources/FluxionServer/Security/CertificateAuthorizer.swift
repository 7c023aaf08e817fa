import FluxionCalculus
import FluxionIdentity
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import X509

/// Lets calls through by the table of rules, and by what certificate the caller's connection has shown.
struct CertificateAuthorizer: CallAuthorizer {
  let registrar: Registrar
  /// How often a call that lasts is looked at again.
  var interval = Duration.milliseconds(250)

  func caller(of method: MethodDescriptor, in context: ServerContext) throws -> Caller {
    switch RPCRule.table[method.fullyQualifiedMethod] {
    case nil: throw RPCError(code: .permissionDenied, message: "no rule allows \(method.fullyQualifiedMethod)")
    case .anybody: return Caller(party: nil)
    case .party:
      // nil as well for a certificate that could not be read.
      guard let certificate = (context.transportSpecific as? HTTP2ServerTransport.Posix.Context)?.peerCertificate
      else {
        throw RPCError(
          code: .unauthenticated, message: "\(method.fullyQualifiedMethod) needs a certificate; join with a token first"
        )
      }
      do {
        return Caller(party: try registrar.party(presenting: certificate).description, certificate: certificate)
      } catch { throw RPCRefusal.identity(error) }
    }
  }

  func watch(_ caller: Caller) -> (@Sendable () async throws -> Void)? {
    guard let certificate = caller.certificate else { return nil }
    return { [registrar, interval] in
      while true {
        try await Task.sleep(for: interval)
        do { try registrar.check(serialOf: certificate) } catch {
          // A party that has renewed its certificate comes back with it.
          throw certificate.notValidAfter <= registrar.now()
            ? RPCError.unavailable("the certificate has run out") : RPCRefusal.identity(error)
        }
      }
    }
  }
}
