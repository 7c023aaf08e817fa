package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
package import X509

/// How a server's connections are protected, and how it knows who is at their other end.
///
/// ``plaintextOnLoopback`` protects nothing and stays on this machine. Mutual TLS is made by whoever holds the
/// certificates, of the same parts.
public struct ServerSecurity: Sendable {
  /// Of every connection.
  package var transport: HTTP2ServerTransport.Posix.TransportSecurity
  /// Whether the server may be reached from other machines.
  package var listensBeyondLoopback: Bool
  /// Decides on every call, also of ``services``.
  package var authorizer: any CallAuthorizer
  /// What is served beside the federation, such as enrolment.
  package var services: [any RegistrableRPCService]
  /// Limits of connections, such as a time for the handshake, beside those of every server.
  package var configure: @Sendable (inout HTTP2ServerTransport.Posix.Config) -> Void

  package init(
    transport: HTTP2ServerTransport.Posix.TransportSecurity, listensBeyondLoopback: Bool,
    authorizer: any CallAuthorizer, services: [any RegistrableRPCService] = [],
    configure: @escaping @Sendable (inout HTTP2ServerTransport.Posix.Config) -> Void = { _ in }
  ) {
    self.transport = transport
    self.listensBeyondLoopback = listensBeyondLoopback
    self.authorizer = authorizer
    self.services = services
    self.configure = configure
  }

  /// Neither encryption nor proof of who somebody is: every process of this machine is believed the name it gives.
  public static let plaintextOnLoopback = ServerSecurity(
    transport: .plaintext, listensBeyondLoopback: false, authorizer: Everybody())
}

/// The rule for the calls of a server.
package protocol CallAuthorizer: Sendable {
  /// Who calls, which the service finds in its context.
  ///
  /// - Throws: `RPCError`, which the caller is sent, for every call that no rule allows.
  func caller(of method: MethodDescriptor, in context: ServerContext) throws -> Caller

  /// What to run beside a call of this caller while it streams; nil for nothing. It throws when the call must end.
  func watch(_ caller: Caller) -> (@Sendable () async throws -> Void)?
}

/// Who is at the other end of a call.
package struct Caller: ServerContext.TransportSpecific, Hashable {
  /// The party that the connection proves; nil where it proves nothing and the party is believed what it says.
  package var party: String?
  /// By which it proves it.
  package var certificate: Certificate?

  package init(party: String?, certificate: Certificate? = nil) {
    self.party = party
    self.certificate = certificate
  }
}

/// Asks no caller for proof.
private struct Everybody: CallAuthorizer {
  func caller(of method: MethodDescriptor, in context: ServerContext) -> Caller { Caller(party: nil) }

  func watch(_ caller: Caller) -> (@Sendable () async throws -> Void)? { nil }
}

/// Lets nobody through to a service whom the authoriser does not name, and nobody stay whom it names no longer.
struct AuthorizationInterceptor: ServerInterceptor {
  let authorizer: any CallAuthorizer

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    var context = context
    let caller = try authorizer.caller(of: context.descriptor, in: context)
    context.transportSpecific = caller
    var response = try await next(request, context)
    guard let watch = authorizer.watch(caller), case .success(var contents) = response.accepted else { return response }
    // All that a stream has to say is said by this closure.
    let produce = contents.producer
    contents.producer = { writer in
      try await withThrowingTaskGroup(of: Metadata?.self) { group in
        group.addTask { try await produce(writer) }
        group.addTask {
          try await watch()
          return nil
        }
        defer { group.cancelAll() }
        return try await group.next().flatMap { $0 } ?? [:]
      }
    }
    response.accepted = .success(contents)
    return response
  }
}
