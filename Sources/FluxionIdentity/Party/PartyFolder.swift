package import Crypto
public import FluxionCalculus
public import Foundation

/// Where a party keeps its identity: `party` in its state folder.
///
/// Keys are made here and never leave. The key of a certificate that is still to come is on disk before anyone is asked
/// for it: a party that is interrupted asks again with the same key, and is given what it missed.
public struct PartyFolder: Sendable {
  private let folder: PrivateFolder

  private static let identityFile = "identity.pem"
  private static let pendingFile = "next-key.pem"

  /// - Parameter state: is made if it is not there.
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  public init(state: URL) throws(FluxionError) { folder = try PrivateFolder(creating: state.appending(path: "party")) }

  /// The party's identity; nil if it has not enrolled.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for files that are damaged or open to others.
  public func identity() throws(FluxionError) -> PartyIdentity? {
    guard let pem = try folder.text(of: Self.identityFile) else { return nil }
    do { return try PartyIdentity(pem: pem) } catch {
      throw FluxionError(
        .corruptData,
        "\(folder.url.appending(path: Self.identityFile).relativePath) is damaged; ask for an invitation and join anew",
        cause: error)
    }
  }

  /// - Throws: ``FluxionError/Code/notFound`` for a party that has not enrolled, and what ``identity()`` throws.
  package func requiredIdentity() throws(FluxionError) -> PartyIdentity {
    guard let identity = try identity() else {
      throw FluxionError(
        .notFound,
        "there is no identity in \(folder.url.relativePath): the party has to join with a token first, which whoever "
          + "runs the server gets from fluxion invite")
    }
    return identity
  }

  /// The key that the next certificate is for.
  package func nextKey() throws(FluxionError) -> P256.Signing.PrivateKey {
    if let pem = try folder.text(of: Self.pendingFile), let held = try? KeyedCertificates(pem: pem) { return held.key }
    let key = P256.Signing.PrivateKey()
    try folder.write(key.pemRepresentation + "\n", to: Self.pendingFile)
    return key
  }

  /// Puts an identity in the place of what was there.
  package func keep(_ identity: PartyIdentity) throws {
    try folder.write(try identity.pem, to: Self.identityFile)
    try folder.remove(Self.pendingFile)
  }
}
