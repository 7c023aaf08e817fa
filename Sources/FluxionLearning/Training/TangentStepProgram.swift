public import FluxionCalculus

/// A training step that also carries the derivative of parameters and optimiser state with respect to
/// hyperparameters.
///
/// A step is `(w, s) ← Φ(w, s; batch, θ)`. Its tangent `(ẇ, ṡ) = d(w, s)/dθ` obeys
///
///     (ẇ, ṡ) ← ∂Φ/∂w ẇ + ∂Φ/∂s ṡ + ∂Φ/∂θ,    (ẇ, ṡ) = 0 at first,
///
/// so that after any number of steps `ẇ` is the exact derivative of where training ended (forward mode: Franceschi,
/// Donini, Frasconi and Pontil 2017, arXiv 1703.01785, equation 13). Step and tangents are one program, which computes
/// the step once; what a tangent needs beside it is the Hessian's product with `ẇ`, forward over reverse.
///
/// ```swift
/// let step = try task.stepProgram(batchSize: 32, input: [28, 28, 1], optimizer: .sgd(learningRate: 0.1))
/// let tuned = try step.carryingTangents(of: ["learningRate"])
/// tuned.program.inputs.count - step.program.inputs.count   // one tangent for each parameter
/// ```
public struct TangentStepProgram: Sendable {
  /// The step's inputs and then, for each hyperparameter, a tangent for each parameter and each state tensor; the step's
  /// outputs and then the new tangents in the same order.
  public let program: Program
  public let step: StepProgram
  /// Names of the hyperparameters, in the order of the tangents.
  public let hyperparameters: [String]

  private var width: Int { step.inputs.parameters.count + step.inputs.state.count }

  /// Which inputs are the tangents of parameters and then of state, for the hyperparameter at a position.
  public func tangentInputs(_ position: Int) -> Range<Int> {
    let start = step.program.inputs.count + position * width
    return start..<(start + width)
  }

  /// Which outputs are the new tangents of parameters and then of state.
  public func tangentOutputs(_ position: Int) -> Range<Int> {
    let start = step.program.outputs.count + position * width
    return start..<(start + width)
  }

  /// Inputs whose storage the executor may reuse for an output: those of the step, and each tangent for its next.
  public var inPlace: [(input: Int, output: Int)] {
    step.inPlace
      + hyperparameters.indices.flatMap { Array(zip(tangentInputs($0), tangentOutputs($0))) }
  }
}

extension StepProgram {
  /// The same step with the tangents of some of its hyperparameters.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a hyperparameter that the step does not have.
  public func carryingTangents(of names: [String]) throws -> TangentStepProgram {
    let positions = try names.map { name in
      guard let position = hyperparameters.firstIndex(where: { $0.name == name }) else {
        throw FluxionError(
          .invalidArgument,
          "there is no derivative for it: "
            + unknownName(name, "hyperparameter", among: hyperparameters.map(\.name)))
      }
      return inputs.hyperparameters.lowerBound + position
    }
    let moving = Array(inputs.parameters) + Array(inputs.state)
    let tangents = names.flatMap { name in
      moving.map { Program.Input("d \(program.inputs[$0].name)/d \(name)", program.inputs[$0].type) }
    }
    let joint = try Program.trace(program.inputs + tangents) { tensors in
      let outputs = self.program(Array(tensors.prefix(self.program.inputs.count)))
      let moved = Array(outputs[..<lossOutput])
      return outputs
        + positions.enumerated().flatMap { index, position in
          let start = self.program.inputs.count + index * moving.count
          return pushforward(
            of: moved, withRespectTo: moving.map { tensors[$0] } + [tensors[position]],
            tangents: Array(tensors[start..<(start + moving.count)]) + [1])
        }
    }
    return TangentStepProgram(program: joint, step: self, hyperparameters: names)
  }
}
