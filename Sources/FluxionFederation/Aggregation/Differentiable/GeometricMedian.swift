package import FluxionCalculus
import Synchronization

/// The point with the least weighted sum of distances to the parties' models, `argmin_z Σ_k α_k ρ_k(z)`.
///
/// Pillutla, Kakade and Harchaoui 2022, "Robust aggregation for federated learning" (RFA), arXiv 1912.13445, weighted by
/// `α_k = n_k/n` as there. It bears parties of less than half of the weight, whatever they send, and unlike the
/// coordinate-wise rules it turns with the model's space. Found by Weiszfeld's iteration (1937) until the gradient of the
/// sum is small. Deviations from RFA: distances are `ρ_k = √(‖z − w_k‖² + ε²)`, smooth everywhere, where RFA takes
/// `max(ε, ‖z − w_k‖)`; and the iteration goes to the fixed point, where RFA stops after three steps, because the
/// derivative below holds there and nowhere else.
///
/// **Derivative.** By the implicit function theorem at the fixed point, not through the iterations. There the residual
/// `R(z, w) = Σ_k α_k (z − w_k)/ρ_k` is zero, so `∂z/∂w_k = −H⁻¹ ∂R/∂w_k` with `H = ∂R/∂z`, symmetric and positive. A
/// product `(∂z/∂w_k)ᵀ v` solves `H x = v` by conjugate gradients, with `H` applied by the pushforward of the residual,
/// and pulls `−x` back to `w_k`. `H` is a multiple of the identity less a matrix of rank `K`, so `K + 1` steps are enough.
/// Where all models lie on one line (always with two), curvature along it is `ε²/ρ²` and lost in `Float`; the solve then
/// leaves that direction out.
public struct GeometricMedian: DifferentiableAggregator {
  /// `ε`, in the units of the parameters.
  public let smoothing: Float
  private let programs = Programs()

  /// - Parameter smoothing: `ε`, positive: far below the distances between updates, and above what `Float` resolves.
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a smoothing that is not a positive number.
  public init(smoothing: Float = 1e-4) throws {
    guard smoothing > 0, smoothing.isFinite else {
      throw FluxionError(
        .invalidArgument, "the smoothing of a geometric median is a positive number; it was given \(smoothing)")
    }
    self.smoothing = smoothing
  }

  public var name: String { "geometric-median" }

  public func aggregate(_ updates: [ClientUpdate]) throws -> [Float] { try solver(updates).fixedPoint() }

  public func pullback(_ cotangent: [Float], at updates: [ClientUpdate]) throws -> [[Float]] {
    let solver = try solver(updates)
    let median = try solver.fixedPoint()
    let solution = try solver.solve(cotangent, at: median)
    return try updates.indices.map { try solver.pullback(solution, to: $0, at: median) }
  }

  /// One linear system for each client.
  public func pullbackSum(_ cotangents: [[Float]], scales: [Float], at updates: [ClientUpdate]) throws -> [Float] {
    let solver = try solver(updates)
    let median = try solver.fixedPoint()
    var sum = [Float](repeating: 0, count: median.count)
    for (client, (cotangent, scale)) in zip(cotangents, scales).enumerated() {
      let solution = try solver.solve(cotangent, at: median)
      let product = try solver.pullback(solution, to: client, at: median)
      for index in sum.indices { sum[index] += scale * product[index] }
    }
    return sum
  }

  private func solver(_ updates: [ClientUpdate]) throws -> GeometricMedianSolver<Float> {
    guard let count = updates.first?.values.count, updates.allSatisfy({ $0.values.count == count }) else {
      throw FluxionError(.shapeMismatch, "a round has at least one update, and all of one length")
    }
    let programs = try self.programs.compiled(count: count)
    return GeometricMedianSolver(
      points: updates.map(\.values), shares: updates.shares, smoothing: smoothing, tolerance: 1e-6
    ) { form, inputs in
      guard let program = programs[form] else { return [] }
      return program(inputs)
    }
  }

  /// The residual and its derivatives, compiled for the length of the model at hand.
  private final class Programs: Sendable {
    private let compiled = Mutex<(count: Int, executables: [GeometricMedianForm: Executable])?>(nil)

    /// In memory of this call, so that threads do not meet.
    func compiled(count: Int) throws -> [GeometricMedianForm: FlatProgram] {
      let executables = try compiled.withLock { compiled in
        if let compiled, compiled.count == count { return compiled.executables }
        let made = try Dictionary(
          uniqueKeysWithValues: GeometricMedianForm.allCases.map { ($0, try Executable($0.program(count: count))) })
        compiled = (count, made)
        return made
      }
      return executables.mapValues { FlatProgram($0) }
    }
  }
}

/// One party's part of the residual, and its derivatives, as programs.
package enum GeometricMedianForm: CaseIterable, Sendable {
  /// `z, w, α, ε ↦ α (z − w)/ρ` and `α/ρ`.
  case residual
  /// The derivative of the first along a tangent of `z`.
  case pushforward
  /// The product of a cotangent and the derivative of the first by `w`.
  case pullback

  package func program(count: Int) throws -> Program {
    let vector = TensorType([count])
    let scalar = TensorType(.scalar)
    let inputs: [Program.Input] = [
      Program.Input("z", vector), Program.Input("w", vector), Program.Input("share", scalar),
      Program.Input("smoothing", scalar),
    ]
    let residual = try Program.trace(inputs) { tensors in
      let distance = tensors[0] - tensors[1]
      let strength = tensors[2] * rsqrt(square(distance).sum() + square(tensors[3]))
      return [strength * distance, strength]
    }
    switch self {
    case .residual: return residual
    case .pushforward:
      return try Program.trace(inputs + [Program.Input("tangent", vector)]) { tensors in
        let outputs = residual(Array(tensors[..<4]))
        return FluxionCalculus.pushforward(
          of: [outputs[0]], withRespectTo: [tensors[0]], tangents: [tensors[4]])
      }
    case .pullback:
      return try Program.trace(inputs + [Program.Input("cotangent", vector)]) { tensors in
        let outputs = residual(Array(tensors[..<4]))
        return FluxionCalculus.pullback(
          of: [outputs[0]], withRespectTo: [tensors[1]], cotangents: [tensors[4]])
      }
    }
  }
}

/// An executable with memory to run in, on flat arrays.
private final class FlatProgram {
  private let workspace: Workspace

  init(_ executable: Executable) { workspace = executable.makeWorkspace() }

  func callAsFunction(_ inputs: [[Float]]) -> [[Float]] {
    run(inputs[...], 0)
    return workspace.executable.program.outputTypes.enumerated().map { index, type in
      let output = workspace.pointer(output: index).assumingMemoryBound(to: Float.self)
      return Array(UnsafeBufferPointer(start: output, count: type.shape.count))
    }
  }

  /// Reads each input where it lies: copies would cost more than the work.
  private func run(_ inputs: ArraySlice<[Float]>, _ index: Int) {
    guard let first = inputs.first else { return workspace.run() }
    first.withUnsafeBufferPointer { values in
      if let start = values.baseAddress { workspace.bind(input: index, to: start) }
      run(inputs.dropFirst(), index + 1)
    }
  }
}
