import Crypto
package import FluxionCalculus
package import FluxionFederation
package import FluxionLearning
package import Foundation
import SwiftProtobuf

/// What a server asks of one client in one round, without the parameters.
package struct Assignment: Hashable, Sendable {
  /// Counted from 1.
  package var round: Int
  /// Unique in a run, and ascending: a round that is begun again keeps its number.
  package var task: UInt64
  /// The client's in this round.
  package var key: RandomKey
  package var work: ClientRound.Work
  package var epochs: Int
  /// nil for all examples at once.
  package var batchSize: Int?
  /// Of the steps, with the values of this round.
  package var signature: StepSignature
  package var programs: [ProgramReference]

  /// One of the programs of a step.
  package struct ProgramReference: Hashable, Sendable {
    package var batchSize: Int
    package var digest: Data

    package init(batchSize: Int, digest: Data) { (self.batchSize, self.digest) = (batchSize, digest) }
  }

  package init(
    round: Int, task: UInt64, key: RandomKey, work: ClientRound.Work, training: LocalTraining,
    signature: StepSignature, programs: [ProgramReference]
  ) {
    self.round = round
    self.task = task
    self.key = key
    self.work = work
    epochs = training.epochs
    batchSize = training.batchSize
    self.signature = signature
    self.programs = programs
  }
}

/// A program as it travels.
package struct EncodedProgram: Hashable, Sendable {
  package let digest: Data
  package let bytes: Data

  package init(_ program: Program) {
    bytes = Data(program.encoded())
    digest = Data(SHA256.hash(data: bytes))
  }

  package var message: Fluxion_V1_Program { .with { ($0.sha256, $0.encoded) = (digest, bytes) } }

  /// - Throws: ``FluxionError/Code/corruptData`` if the bytes are too many, or others than the digest says.
  package init(_ message: Fluxion_V1_Program) throws(FluxionError) {
    guard message.encoded.count <= WireLimits.programByteCount else {
      throw FluxionError(
        .corruptData, "a program has up to \(WireLimits.programByteCount) bytes, not \(message.encoded.count)")
    }
    guard Data(SHA256.hash(data: message.encoded)) == message.sha256 else {
      throw FluxionError(.corruptData, "a program's bytes do not have the SHA-256 that was sent with them")
    }
    (digest, bytes) = (message.sha256, message.encoded)
  }
}

extension Assignment {
  package func message(body: Fluxion_V1_Body) -> Fluxion_V1_Task {
    .with {
      $0.round = UInt64(round)
      $0.task = task
      ($0.keyLow, $0.keyHigh) = (key.low, key.high)
      $0.body = body
      switch work {
      case .training:
        $0.training = .with {
          $0.step = step
          $0.epochs = UInt64(epochs)
          $0.batchSize = UInt64(batchSize ?? 0)
        }
      case .gradient:
        $0.gradient = .with {
          $0.step = step
          $0.batchSize = UInt64(batchSize ?? 0)
        }
      }
    }
  }

  private var step: Fluxion_V1_Step {
    .with {
      $0.parameters = UInt64(signature.parameterCount)
      $0.state = signature.stateFills
      $0.targets = signature.hasTargets
      $0.key = signature.hasKey
      $0.hyperparameters = signature.hyperparameters.map { known in
        .with { ($0.name, $0.value) = (known.name, known.value) }
      }
      $0.anchors = signature.hasAnchors
      $0.programs = programs.map { program in
        .with { ($0.batchSize, $0.sha256) = (UInt64(program.batchSize), program.digest) }
      }
    }
  }

  /// - Throws: ``FluxionError/Code/unsupported`` for work of a kind that this build does not know,
  ///   ``FluxionError/Code/corruptData`` for anything that no server asks.
  package init(_ message: Fluxion_V1_Task) throws(FluxionError) {
    round = try Wire.integer(message.round, in: 1...WireLimits.rounds, "a round")
    task = message.task
    key = RandomKey(low: message.keyLow, high: message.keyHigh)
    let step: Fluxion_V1_Step
    let batchSize: UInt64
    switch message.work {
    case .training(let training):
      work = .training
      epochs = try Wire.integer(training.epochs, in: 1...WireLimits.epochs, "the number of epochs")
      (step, batchSize) = (training.step, training.batchSize)
    case .gradient(let gradient):
      (work, epochs) = (.gradient, 1)
      (step, batchSize) = (gradient.step, gradient.batchSize)
    case nil:
      throw FluxionError(
        .unsupported, "the server asks for work that this client does not know; a newer release may know it")
    }
    self.batchSize = batchSize == 0 ? nil : try Wire.integer(batchSize, in: 1...Int(Int32.max), "the batch size")
    signature = try StepSignature(step)
    try Wire.count(step.programs.count, upTo: WireLimits.programs, "programs of a task")
    var programs: [ProgramReference] = []
    for program in step.programs {
      guard program.sha256.count == SHA256.byteCount else {
        throw FluxionError(.corruptData, "a SHA-256 has \(SHA256.byteCount) bytes, not \(program.sha256.count)")
      }
      let size = try Wire.integer(program.batchSize, in: 1...Int(Int32.max), "the batch size of a program")
      programs.append(ProgramReference(batchSize: size, digest: program.sha256))
    }
    self.programs = programs
  }
}

extension StepSignature {
  fileprivate init(_ step: Fluxion_V1_Step) throws(FluxionError) {
    try Wire.count(step.state.count, upTo: WireLimits.stateTensors, "tensors of the optimiser's state")
    try Wire.count(step.hyperparameters.count, upTo: WireLimits.hyperparameters, "hyperparameters")
    for fill in step.state { _ = try Wire.finite(fill, "what a tensor of the state is filled with") }
    var hyperparameters: [Hyperparameter] = []
    for hyperparameter in step.hyperparameters {
      let name = try Wire.text(hyperparameter.name, upTo: WireLimits.nameByteCount, "a hyperparameter's name")
      hyperparameters.append(Hyperparameter(name, try Wire.finite(hyperparameter.value, "hyperparameter \(name)")))
    }
    self.init(
      parameterCount: try Wire.integer(step.parameters, in: 1...65_536, "the number of parameter tensors"),
      stateFills: step.state, hasTargets: step.targets, hasKey: step.key, hyperparameters: hyperparameters,
      hasAnchors: step.anchors)
  }
}
