package import Foundation
import X509

/// When a certificate is good, for those who look after it.
package struct CertificateFacts: Equatable, Sendable {
  package var from: Date
  package var until: Date

  package init(from: Date, until: Date) { (self.from, self.until) = (from, until) }

  init(_ certificate: Certificate) {
    self.init(from: certificate.notValidBefore, until: certificate.notValidAfter)
  }

  /// Whether it is time for another: a third of its time or less is left.
  package func isDueForRenewal(_ now: Date) -> Bool {
    Lifetimes.isDueForRenewal(from: from, until: until, now: now)
  }
}

extension CertificateAuthority {
  package var facts: CertificateFacts { CertificateFacts(certificate) }
}

extension PartyIdentity {
  package var facts: CertificateFacts { CertificateFacts(certificate) }
  package var authorityFacts: CertificateFacts { CertificateFacts(authority) }
}
