import Crypto
import FluxionCalculus
public import FluxionIdentity
import FluxionWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOSSL
import SwiftProtobuf
import Synchronization

/// How an invited name becomes a party, and stays one.
///
/// ```swift
/// let folder = try PartyFolder(state: state)
/// let identity = try await PartyEnrollment(host: "fed.example.org", port: 7117).enroll(JoinToken(text), in: folder)
/// ```
public struct PartyEnrollment: Sendable {
  private let host: String
  private let port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Trades a token for a certificate.
  ///
  /// The key is made in the folder and does not leave it. Whoever is interrupted calls again with the same token and
  /// folder, and is given what it missed.
  ///
  /// - Parameter name: what the party expects to be called; nil for whatever it was invited as.
  /// - Throws: ``FluxionError/Code/unauthorized`` for a token that is not good, or a server that is not of the
  ///   federation that issued it; ``FluxionError/Code/notFound`` for one that is not reached.
  @discardableResult
  public func enroll(_ token: JoinToken, as name: PartyName? = nil, in folder: PartyFolder) async throws
    -> PartyIdentity
  {
    let key = try folder.nextKey()
    let request = try Fluxion_V1_EnrollRequest.with {
      $0.protocolVersion = WireLimits.protocolVersion
      $0.secret = Data(token.secret)
      $0.signingRequest = Data(try SigningRequest.encoded(for: key, name: name))
    }
    let distrust = Mutex<FluxionError?>(nil)
    let answer: Fluxion_V1_Credential
    do {
      answer = try await call { [host] in
        try PartyTLS.handler(token, host: host) { error in distrust.withLock { $0 = error } }
      } _: { client in
        try await client.enroll(request, options: Self.options)
      }
    } catch { throw distrust.withLock { $0 } ?? error }
    return try keep(answer, for: key, trusted: token.authority, in: folder)
  }

  /// Gets the party another certificate, for another key, in the place of the one it has.
  ///
  /// - Throws: ``FluxionError/Code/unauthorized`` for a party that is one no longer, ``FluxionError/Code/notFound`` if
  ///   it has never been one, or the server is not reached.
  @discardableResult
  public func renew(in folder: PartyFolder) async throws -> PartyIdentity {
    let identity = try folder.requiredIdentity()
    let key = try folder.nextKey()
    let request = try Fluxion_V1_RenewRequest.with {
      $0.protocolVersion = WireLimits.protocolVersion
      $0.signingRequest = Data(try SigningRequest.encoded(for: key, name: identity.name))
    }
    let answer = try await call { [host] in
      try PartyTLS.handler(identity, host: host)
    } _: { client in
      try await client.renew(request, options: Self.options)
    }
    return try keep(answer, for: key, trusted: identity.trusted, in: folder)
  }

  /// Asks the server whether the party is one: reaches it, has it show that it is the federation's, and shows the party's
  /// certificate. Nothing changes.
  ///
  /// - Throws: as ``renew(in:)``.
  package func check(_ folder: PartyFolder) async throws {
    let identity = try folder.requiredIdentity()
    _ = try await call { [host] in
      try PartyTLS.handler(identity, host: host)
    } _: { client in
      do {
        // Who is no party is refused before it is seen that nothing is asked for.
        let nothing = Fluxion_V1_RenewRequest.with { $0.protocolVersion = WireLimits.protocolVersion }
        return try await client.renew(nothing, options: Self.options)
      } catch let error as RPCError where error.code == .invalidArgument {
        return Fluxion_V1_Credential()
      }
    }
  }

  private func keep(
    _ answer: Fluxion_V1_Credential, for key: P256.Signing.PrivateKey, trusted: Fingerprint, in folder: PartyFolder
  ) throws -> PartyIdentity {
    let identity = try PartyIdentity(
      name: answer.party, key: key, certificate: Array(answer.certificate), authority: Array(answer.authority),
      trusted: trusted)
    try folder.keep(identity)
    return identity
  }

  private static var options: CallOptions {
    var options = CallOptions.defaults
    options.waitForReady = false
    options.timeout = .seconds(20)
    options.maxResponseMessageBytes = WireLimits.credentialByteCount
    return options
  }

  private func call<Answer: Sendable>(
    _ handler: @escaping @Sendable () throws -> NIOSSLClientHandler,
    _ body: (Fluxion_V1_Enrollment.Client<HTTP2ClientTransport.Posix>) async throws -> Answer
  ) async throws -> Answer {
    let transport = try HTTP2ClientTransport.Posix(
      target: ServerTarget.at(host, port: port), transportSecurity: .customSecure,
      config: .defaults { PartyTLS.install(in: &$0, handler) })
    do {
      return try await withGRPCClient(transport: transport) { client in
        try await body(Fluxion_V1_Enrollment.Client(wrapping: client))
      }
    } catch let error as RPCError {
      switch error.code {
      case .permissionDenied, .unauthenticated: throw FluxionError(.unauthorized, error.message)
      case .unavailable, .deadlineExceeded:
        throw FluxionError(.notFound, "\(host):\(port) was not reached: \(error.message)", cause: error.cause)
      default: throw FluxionError(.unsupported, "the server refuses this client: \(error.message)")
      }
    }
  }
}
