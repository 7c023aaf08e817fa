package import FluxionCalculus
import SwiftASN1
import X509

/// How a party that has only a token knows the server: by the fingerprint of the authority.
package enum ServerTrust {
  /// Succeeds if the certificates that a server presents are from the authority of this fingerprint, and are for a
  /// server that is reached by this name.
  ///
  /// - Parameters:
  ///   - chain: in DER, the server's own first.
  ///   - authority: of a token.
  /// - Throws: ``FluxionError/Code/unauthorized``.
  package static func check(
    _ chain: [[UInt8]], of authority: Fingerprint, reachedBy name: ServerName
  ) async throws(FluxionError) {
    let certificates = chain.compactMap { try? Certificate(derEncoded: $0) }
    guard let leaf = certificates.first, certificates.count == chain.count, chain.count <= 3,
      let root = zip(chain, certificates).first(where: { Fingerprint(of: $0.0) == authority })?.1
    else {
      throw FluxionError(.unauthorized, "the server does not belong to the federation that issued the join token")
    }
    var verifier = Verifier(rootCertificates: CertificateStore([root])) {
      RFC5280Policy()
      ServerUsagePolicy()
    }
    guard case .validCertificate = await verifier.validate(leaf: leaf, intermediates: CertificateStore()) else {
      throw FluxionError(
        .unauthorized, "the server's certificate is not good: it is not from its federation, or is not good now")
    }
    let names = (try? leaf.extensions.subjectAlternativeNames).flatMap { $0 }.map { Array($0) } ?? []
    guard names.contains(name.general) else {
      throw FluxionError(
        .unauthorized,
        "the server's certificate is not for \(name); whoever runs the server has to name it there, or clients have to "
          + "reach it by another name")
    }
  }
}

/// A certificate of a party, which the same authority has signed, is none of a server.
private struct ServerUsagePolicy: VerifierPolicy {
  var verifyingCriticalExtensions: [ASN1ObjectIdentifier] { [.X509ExtensionID.extendedKeyUsage] }

  func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
    guard let usage = try? chain.leaf.extensions.extendedKeyUsage, usage.contains(.serverAuth) else {
      return .failsToMeetPolicy(reason: "the certificate is not for a server")
    }
    return .meetsPolicy
  }
}
