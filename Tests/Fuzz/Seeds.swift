import Crypto
import FluxionCalculus
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
    case .server: try Self.conversations()
    case .client: try [Self.stream()]
    case .program:
      try [
        Self.step().program.encoded(),
        LocalTraining(.adam(learningRate: 0.1), epochs: 2, batchSize: 4, objective: .l2(0.5) + .proximal(0.25))
          .steps(of: LearningTask(.linear(outputs: 1), loss: .meanSquaredError), input: [2])(4).program.encoded(),
      ]
    case .enrollment: try Self.requests()
    }
  }

  private static func message(_ kind: Fluxion_V1_ClientMessage.OneOf_Kind) throws -> [UInt8] {
    try Fluxion_V1_ClientMessage.with { $0.kind = kind }.serializedBytes()
  }

  private static func message(_ kind: Fluxion_V1_ServerMessage.OneOf_Kind) throws -> [UInt8] {
    try Fluxion_V1_ServerMessage.with { $0.kind = kind }.serializedBytes()
  }

  private static func conversations() throws -> [[UInt8]] {
    let count = try task.layout(input: input).count
    let body = OutgoingBody([("update", [Float](repeating: 0.5, count: count))], inlineLimit: 0)
    let metrics = ClientMetrics(
      samples: samples, steps: 1, lossSum: 3, lossCount: samples, seconds: 0.5, figures: ["a": 1],
      vectors: ["b": [1, 2]])
    func update(round: Int, task: UInt64) throws -> [[UInt8]] {
      var update = Fluxion_V1_Update(
        ReportedTask(run: run, round: round, task: task), metrics, body: body.declaration)
      // Which is put right.
      update.body.sha256[0] = 0
      var messages = [try message(.update(update))]
      for chunk in body.chunks(of: 64) { messages.append(try message(.chunk(chunk))) }
      return messages
    }
    let hello = try message(.hello(honest.message))
    let failure = try message(
      .failure(
        Fluxion_V1_Failure(ReportedTask(run: run, round: 2, task: 2), FluxionError(.diverged, "no update"))))
    let (right, before) = (try update(round: 2, task: 2), try update(round: 1, task: 1))
    return [[hello] + right, before + right, [hello, failure], right + right].map { Messages.joined($0) }
  }

  /// What a server sends in a run of one round.
  private static func stream() throws -> [UInt8] {
    let step = try step()
    var program = EncodedProgram(step.program).message
    let parameters = try task.initialParameters(input: input, key: RandomKey(seed: 1))
    let body = OutgoingBody([("parameters", parameters.values)], inlineLimit: 0)
    var assignment = Assignment(
      round: 1, task: 1, key: RandomKey(seed: 1), work: .training, training: training, signature: try step.signature(),
      programs: [.init(batchSize: 8, digest: program.sha256)]
    ).message(body: body.declaration)
    program.sha256[0] = 0
    assignment.body.sha256[0] = 0
    let welcome = Fluxion_V1_Welcome.with {
      ($0.protocolVersion, $0.run, $0.chunkBytes) = (WireLimits.protocolVersion, run, 64)
      $0.table = .with {
        $0.columns = [.with { ($0.name, $0.fill) = ("age", 40) }, .with { ($0.categories, $0.isText) = (["f"], true) }]
        ($0.label, $0.classes, $0.scale, $0.shift) = ("y", ["n", "y"], [1], [0])
      }
    }
    var messages = [try message(.welcome(welcome)), try message(.program(program)), try message(.task(assignment))]
    for chunk in body.chunks(of: 64) { messages.append(try message(.chunk(chunk))) }
    messages.append(try message(.verdict(.with { ($0.round, $0.task, $0.kind) = (1, 1, .accepted) })))
    messages.append(try message(.withdrawal(.with { $0.task = 1 })))
    messages.append(try message(.farewell(.with { $0.reason = "the run is over" })))
    return Messages.joined(messages)
  }

  private static func requests() throws -> [[UInt8]] {
    let (key, now) = (P256.Signing.PrivateKey(), Date())
    let authority = try CertificateAuthority(now: now, lifetimes: Lifetimes())
    let credential = try Fluxion_V1_Credential.with {
      $0.party = "a"
      $0.certificate = Data(try authority.certify(PartyName("a"), key.publicKey, now: now).derEncoded)
      $0.authority = Data(try authority.certificate.derEncoded)
    }
    return try [
      SigningRequest.encoded(for: key), Array(JoinToken(authority: authority.fingerprint).text.utf8),
      credential.serializedBytes(),
    ]
  }
}
