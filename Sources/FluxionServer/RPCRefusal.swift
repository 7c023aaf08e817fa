import FluxionCalculus
import FluxionWire
import GRPCCore

/// How a stream ends that cannot go on: the code tells a client whether to come back, the message what is wrong.
enum RPCRefusal {
  /// What came is no message of this protocol.
  static func violation(_ error: FluxionError) -> RPCError {
    RPCError(code: error.code == .unsupported ? .unimplemented : .invalidArgument, message: error.message)
  }

  static func unknownParty(_ name: String) -> RPCError {
    RPCError(
      code: .permissionDenied,
      message: "no party of this federation is called \"\(name)\", and every place in it is taken")
  }

  static func otherPlace(_ wanted: Int, has place: Int) -> RPCError {
    RPCError(code: .permissionDenied, message: "this party has place \(place) in the run, and cannot have \(wanted)")
  }

  static func takenPlace(_ wanted: Int, by name: String) -> RPCError {
    RPCError(code: .permissionDenied, message: "place \(wanted) is that of \(name); take another")
  }

  static func noPlace(_ wanted: Int, of count: Int) -> RPCError {
    RPCError(code: .permissionDenied, message: "places are numbered from 0 to \(count - 1); there is no \(wanted)")
  }

  /// A party says that it is another than its connection proves.
  static func otherParty(_ name: String, proven: String) -> RPCError {
    RPCError(code: .permissionDenied, message: "the connection is that of \(proven), not of \(name)")
  }

  static func otherRun(_ run: String, here: String) -> RPCError {
    RPCError(code: .failedPrecondition, message: "this server coordinates run \(here), not \(run)")
  }

  static func quarantined(_ reason: String) -> RPCError {
    RPCError(code: .permissionDenied, message: "nothing more is taken from this party: \(reason)")
  }

  /// The party's data cannot be what the task is about.
  static func misfit(_ what: String) -> RPCError { RPCError(code: .failedPrecondition, message: what) }
}

extension RPCError {
  static func unavailable(_ message: String) -> RPCError { RPCError(code: .unavailable, message: message) }
  static func alreadyExists(_ message: String) -> RPCError { RPCError(code: .alreadyExists, message: message) }
}
