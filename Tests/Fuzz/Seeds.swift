import Crypto
import FluxionCalculus
import FluxionCoordination
import FluxionFederation
@testable import FluxionIdentity
import FluxionLearning
@testable import FluxionServer
import FluxionWire
import Foundation
import SwiftProtobuf

extension Surface {
  /// Valid inputs.
  func seeds() throws -> [[UInt8]] {
    switch self {
    case .server: try Self.conversations().map(Messages.joined)
    case .client: try Self.streams().map(Messages.joined)
    case .program: try [Array(Self.step().program.encoded().dropLast(8))]
    case .enrollment: try Self.requests().enumerated().map { [UInt8($0)] + $1 }
    case .credential: try Self.answers().enumerated().map { [UInt8($0)] + $1 }
    case .data:
      [[0] + Array("age,sex,label\n40,f,ill\n,m,well\n1e3,f,well\n".utf8), [1, 0, 0, 8, 1, 0, 0, 0, 2, 7, 9]]
    }
  }

  private static func clientMessage(_ kind: Fluxion_V1_ClientMessage.OneOf_Kind) throws -> [UInt8] {
    try Fluxion_V1_ClientMessage.with { $0.kind = kind }.serializedBytes()
  }

  private static func serverMessage(_ kind: Fluxion_V1_ServerMessage.OneOf_Kind) throws -> [UInt8] {
    try Fluxion_V1_ServerMessage.with { $0.kind = kind }.serializedBytes()
  }

  /// What clients send, message by message.
  static func conversations() throws -> [[[UInt8]]] {
    let count = try task.layout(input: input).count
    let metrics = ClientMetrics(
      samples: samples, steps: 1, lossSum: 3, lossCount: samples, seconds: 0.5, figures: ["a": 1],
      vectors: ["b": [1, 2]])
    func update(round: Int, task: UInt64, inlineLimit: Int = 0) throws -> [[UInt8]] {
      let body = OutgoingBody([("update", [Float](repeating: 0.5, count: count))], inlineLimit: inlineLimit)
      var update = Fluxion_V1_Update(
        ReportedTask(run: run, round: round, task: task), metrics, body: body.declaration)
      // Which is put right.
      update.body.sha256[0] = 0
      var messages = [try clientMessage(.update(update))]
      for chunk in body.chunks(of: 64) { messages.append(try clientMessage(.chunk(chunk))) }
      return messages
    }
    let hello = try clientMessage(.hello(honest.message))
    let failure = try clientMessage(
      .failure(
        Fluxion_V1_Failure(ReportedTask(run: run, round: 2, task: taskAtHand), FluxionError(.diverged, "no update"))))
    let (right, before) = (try update(round: 2, task: taskAtHand), try update(round: 1, task: 1))
    let whole = try update(round: 2, task: taskAtHand, inlineLimit: .max)
    return [[hello] + right, before + right, [hello, failure], right + right, whole + whole]
  }

  /// What servers send in a run of one round, message by message.
  static func streams() throws -> [[[UInt8]]] {
    let plans = [RoundPlan(work: .training(training)), RoundPlan(work: .gradient)]
    return try [0, .max].flatMap { inlineLimit in try plans.map { try stream(of: $0, inlineLimit: inlineLimit) } }
  }

  private static func stream(of plan: RoundPlan, inlineLimit: Int) throws -> [[UInt8]] {
    let request = TrainingRequest(
      round: 1, clients: [0], plan: plan,
      parameters: try task.initialParameters(input: input, key: RandomKey(seed: 1)), key: RandomKey(seed: 2))
    let parcel = try ProgramLibrary(task, input: input)
      .parcel(HandOut(task: 1, request: request) { _ in }, for: 0, samples: samples)
    let welcome = Fluxion_V1_Welcome.with {
      ($0.protocolVersion, $0.run, $0.chunkBytes) = (WireLimits.protocolVersion, run, 64)
      $0.table = .with {
        $0.columns = [
          .with { ($0.name, $0.fill) = ("age", 40) }, .with { ($0.categories, $0.isText) = (["f"], true) },
        ]
        ($0.label, $0.classes, $0.scale, $0.shift) = ("y", ["n", "y"], [1], [0])
      }
    }
    var messages = [try serverMessage(.welcome(welcome))]
    for program in parcel.programs {
      var program = program.message
      program.sha256[0] = 0
      messages.append(try serverMessage(.program(program)))
    }
    let body = OutgoingBody([("parameters", request.parameters.values)], inlineLimit: inlineLimit)
    var assignment = parcel.assignment.message(body: body.declaration)
    assignment.body.sha256[0] = 0
    messages.append(try serverMessage(.task(assignment)))
    for chunk in body.chunks(of: 64) { messages.append(try serverMessage(.chunk(chunk))) }
    messages.append(try serverMessage(.proceed(.with { $0.task = 1 })))
    messages.append(try serverMessage(.verdict(.with { ($0.round, $0.task, $0.kind) = (1, 1, .accepted) })))
    messages.append(try serverMessage(.withdrawal(.with { $0.task = 1 })))
    messages.append(try serverMessage(.farewell(.with { $0.reason = "the run is over" })))
    return messages
  }

  /// What those send who want to be parties, or to stay such.
  static func requests() throws -> [[UInt8]] {
    let invitations = try Invitations.shared.get()
    return try [
      Fluxion_V1_EnrollRequest.with {
        $0.protocolVersion = WireLimits.protocolVersion
        $0.secret = Data(invitations.token.secret)
        $0.signingRequest = Data(try SigningRequest.encoded(for: invitations.newcomer))
      }.serializedBytes(),
      Fluxion_V1_RenewRequest.with {
        $0.protocolVersion = WireLimits.protocolVersion
        $0.signingRequest = Data(try SigningRequest.encoded(for: invitations.key))
      }.serializedBytes(),
    ]
  }

  /// What a party is given.
  static func answers() throws -> [[UInt8]] {
    let invitations = try Invitations.shared.get()
    let credential = try Fluxion_V1_Credential.with {
      $0.party = "b"
      $0.certificate = Data(try invitations.party.encodedCertificate)
      $0.authority = Data(try invitations.party.encodedAuthority)
    }
    return try [
      credential.serializedBytes(), Array(invitations.token.text.utf8), Array(invitations.party.pem.utf8),
    ]
  }
}
