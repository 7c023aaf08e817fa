import FluxionCalculus
import FluxionIdentity
import FluxionWire
import Foundation
import GRPCCore
import SwiftProtobuf

/// Hands out certificates: the first for a join token, others for one that is still good.
struct EnrollmentService: Fluxion_V1_Enrollment.SimpleServiceProtocol {
  let registrar: Registrar

  func enroll(request: Fluxion_V1_EnrollRequest, context: ServerContext) async throws -> Fluxion_V1_Credential {
    try answer(request.protocolVersion) {
      guard request.secret.count <= WireLimits.secretByteCount else {
        throw FluxionError(.corruptData, "a token's secret has up to \(WireLimits.secretByteCount) bytes")
      }
      return try registrar.enroll(secret: Array(request.secret), request: Array(request.signingRequest))
    }
  }

  func renew(request: Fluxion_V1_RenewRequest, context: ServerContext) async throws -> Fluxion_V1_Credential {
    guard let certificate = (context.transportSpecific as? Caller)?.certificate else {
      throw RPCError(code: .unauthenticated, message: "nobody vouches for this call")
    }
    return try answer(request.protocolVersion) {
      try registrar.renew(certificate, request: Array(request.signingRequest))
    }
  }

  private func answer(_ version: UInt32, _ certify: () throws -> Registrar.Grant) throws -> Fluxion_V1_Credential {
    do {
      guard version == WireLimits.protocolVersion else {
        throw FluxionError(
          .unsupported,
          "this server speaks version \(WireLimits.protocolVersion) of the protocol, the client version \(version); "
            + "use the same release on both sides")
      }
      let grant = try certify()
      return .with {
        $0.party = grant.party.description
        ($0.certificate, $0.authority) = (Data(grant.certificate), Data(grant.authority))
      }
    } catch { throw RPCRefusal.identity(error) }
  }
}

extension RPCRefusal {
  /// Why somebody is not let in. What is wrong with the server's own files is not for others to know.
  static func identity(_ error: any Error) -> RPCError {
    guard let error = error as? FluxionError, [.unauthorized, .corruptData, .unsupported].contains(error.code) else {
      return RPCError(code: .unavailable, message: "the server cannot look up who is a party")
    }
    return error.code == .unauthorized
      ? RPCError(code: .permissionDenied, message: error.message) : violation(error)
  }
}
