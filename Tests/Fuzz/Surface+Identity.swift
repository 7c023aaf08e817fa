import Crypto
@testable import FluxionData
@testable import FluxionIdentity
@testable import FluxionServer
import FluxionWire
import Foundation
import GRPCCore
import SwiftProtobuf

/// A federation's authority, and who is invited to it.
struct Invitations: Sendable {
  let registrar: Registrar
  /// For `a`, and the key that it enrols with.
  let token: JoinToken
  let newcomer: P256.Signing.PrivateKey
  /// Of `b`, which is a party.
  let key: P256.Signing.PrivateKey
  let party: PartyIdentity

  /// In a folder of its own, for as long as the process lives.
  static let shared = Result { try Invitations() }

  private init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-fuzzing-\(UUID().uuidString)")
    registrar = try Registrar(creating: folder)
    token = try registrar.invite(PartyName("a"), for: 3600).token
    (newcomer, key) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
    let grant = try registrar.enroll(
      secret: registrar.invite(PartyName("b"), for: 3600).token.secret, request: SigningRequest.encoded(for: key))
    party = try PartyIdentity(
      name: "b", key: key, certificate: grant.certificate, authority: grant.authority,
      trusted: registrar.authority.fingerprint)
  }
}

extension Surface {
  /// The first byte says which call it is.
  ///
  /// - Returns: whether a certificate was given.
  static func enroll(_ bytes: [UInt8]) async throws -> Bool {
    let invitations = try Invitations.shared.get()
    let service = EnrollmentService(registrar: invitations.registrar)
    let isRenewal = bytes.first.map { $0 % 2 == 1 } ?? false
    let method =
      isRenewal ? Fluxion_V1_Enrollment.Method.Renew.descriptor : Fluxion_V1_Enrollment.Method.Enroll.descriptor
    var context = ServerContext(descriptor: method, remotePeer: "", localPeer: "", cancellation: .init())
    context.transportSpecific = Caller(party: "b", certificate: invitations.party.certificate)
    let message = Array(bytes.dropFirst())
    let answer =
      isRenewal
      ? try await service.renew(request: Fluxion_V1_RenewRequest(serializedBytes: message), context: context)
      : try await service.enroll(request: Fluxion_V1_EnrollRequest(serializedBytes: message), context: context)
    guard answer.party == (isRenewal ? "b" : "a") else {
      throw Finding(description: "the certificate is that of \(answer.party)")
    }
    return true
  }

  /// The first byte says what is read.
  ///
  /// - Returns: whether the party trusts it.
  static func accept(_ bytes: [UInt8]) throws -> Bool {
    let invitations = try Invitations.shared.get()
    let content = Array(bytes.dropFirst())
    switch bytes.first.map({ $0 % 3 }) {
    case 0:
      let answer = try Fluxion_V1_Credential(serializedBytes: content)
      // As if it were of the federation, so that the rest is looked at.
      _ = try PartyIdentity(
        name: answer.party, key: invitations.key, certificate: Array(answer.certificate),
        authority: Array(answer.authority), trusted: Fingerprint(of: Array(answer.authority)))
    case 1: _ = try JoinToken(String(decoding: content, as: UTF8.self))
    default: _ = try PartyIdentity(pem: String(decoding: content, as: UTF8.self))
    }
    return true
  }

  /// The first byte says of which kind the file is.
  ///
  /// - Returns: whether there are data in it.
  static func readData(_ bytes: [UInt8]) throws -> Bool {
    let content = Array(bytes.dropFirst())
    if bytes.first.map({ $0 % 2 == 0 }) ?? true {
      let data = try Dataset.csv(bytes: content, path: "fuzzing", name: "fuzzing", options: CSVOptions())
      guard data.all.features().allSatisfy(\.isFinite) else { throw Finding(description: "a feature is not finite") }
    } else {
      _ = try IDX(content, name: "fuzzing")
    }
    return true
  }
}
