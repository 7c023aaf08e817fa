import FluxionWire
import GRPCCore

/// Who may call an RPC of a server with mutual TLS. An RPC without a row may be called by nobody.
enum RPCRule: String, Hashable, Sendable {
  /// Whoever reaches the server: the call carries a proof of its own, a join token.
  case anybody
  /// A party: by a certificate that the federation's authority has signed, and that is on record, in its time and not
  /// revoked, for as long as the call lasts.
  case party

  /// By the method's full name.
  static let table: [String: RPCRule] = Dictionary(
    uniqueKeysWithValues: [
      (Fluxion_V1_Federation.Method.Join.descriptor, RPCRule.party),
      (Fluxion_V1_Enrollment.Method.Enroll.descriptor, .anybody),
      (Fluxion_V1_Enrollment.Method.Renew.descriptor, .party),
    ].map { ($0.fullyQualifiedMethod, $1) })
}
