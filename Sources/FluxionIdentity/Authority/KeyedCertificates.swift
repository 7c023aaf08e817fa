package import Crypto
package import FluxionCalculus
import SwiftASN1
package import X509

/// A private key and certificates as one text in PEM, the first certificate being that of the key.
///
/// One text, because one file is replaced as a whole: a key and another's certificate cannot come together.
package struct KeyedCertificates: Sendable {
  package let key: P256.Signing.PrivateKey
  package let certificates: [Certificate]

  package init(key: P256.Signing.PrivateKey, certificates: [Certificate]) {
    self.key = key
    self.certificates = certificates
  }

  /// - Throws: ``FluxionError/Code/corruptData``.
  package init(pem: String) throws(FluxionError) {
    var keys: [P256.Signing.PrivateKey] = []
    var certificates: [Certificate] = []
    do {
      for document in try PEMDocument.parseMultiple(pemString: pem) {
        switch document.discriminator {
        case "PRIVATE KEY": keys.append(try P256.Signing.PrivateKey(derRepresentation: document.derBytes))
        case "CERTIFICATE": certificates.append(try Certificate(pemDocument: document))
        default: throw FluxionError(.corruptData, "\(document.discriminator) is neither a key nor a certificate")
        }
      }
    } catch {
      throw error as? FluxionError
        ?? FluxionError(.corruptData, "the text is no P-256 key with its certificates in PEM", cause: error)
    }
    guard keys.count == 1, let key = keys.first,
      certificates.first.map({ $0.publicKey == Certificate.PublicKey(key.publicKey) }) ?? true
    else { throw FluxionError(.corruptData, "the text is not one key and, if any, its own certificate first") }
    self.key = key
    self.certificates = certificates
  }

  /// In DER.
  package var encodedCertificates: [[UInt8]] { get throws { try certificates.map { try $0.derEncoded } } }
  /// PKCS #8 in DER.
  package var encodedKey: [UInt8] { Array(key.derRepresentation) }

  package var pem: String {
    get throws {
      try ([key.pemRepresentation] + certificates.map { try $0.serializeAsPEM().pemString }).joined(separator: "\n")
        + "\n"
    }
  }
}
