/// The fixed point of a geometric median and linear systems with its derivative, whoever evaluates the programs: the
/// compiler's kernels in `Float`, or the reference interpreter in `Double`.
package struct GeometricMedianSolver<Scalar: BinaryFloatingPoint> {
  let points: [[Scalar]]
  let shares: [Scalar]
  let smoothing: Scalar
  /// Of the norm of the residual, which is at most 1, and of linear systems.
  let tolerance: Double
  let evaluate: (GeometricMedianForm, [[Scalar]]) throws -> [[Scalar]]

  /// Weiszfeld's iteration converges linearly; some tens of steps are usual.
  static var maximumIterations: Int { 200 }

  package init(
    points: [[Scalar]], shares: [Scalar], smoothing: Scalar, tolerance: Double,
    evaluate: @escaping (GeometricMedianForm, [[Scalar]]) throws -> [[Scalar]]
  ) {
    self.points = points
    self.shares = shares
    self.smoothing = smoothing
    self.tolerance = tolerance
    self.evaluate = evaluate
  }

  /// `z ← z − R(z)/S(z)` with `S = Σ α_k/ρ_k`, which is `Σ (α_k/ρ_k) w_k / S`, from where the round began, zero: a mean to
  /// begin with could be anywhere.
  package func fixedPoint() throws -> [Scalar] {
    var z = [Scalar](repeating: 0, count: points[0].count)
    for _ in 0..<Self.maximumIterations {
      let (residual, strength) = try residual(at: z)
      guard strength > 0 else { break }
      for index in z.indices { z[index] -= residual[index] / strength }
      if norm(residual) <= tolerance { break }
    }
    return z
  }

  /// `R` and `S`.
  private func residual(at z: [Scalar]) throws -> ([Scalar], Scalar) {
    var sum = [Scalar](repeating: 0, count: z.count)
    var strength: Scalar = 0
    for (point, share) in zip(points, shares) {
      let outputs = try evaluate(.residual, [z, point, [share], [smoothing]])
      add(outputs[0], to: &sum)
      strength += outputs[1][0]
    }
    return (sum, strength)
  }

  /// Solves `H x = v` at the fixed point by conjugate gradients (Hestenes and Stiefel 1952).
  package func solve(_ v: [Scalar], at z: [Scalar]) throws -> [Scalar] {
    var x = [Scalar](repeating: 0, count: v.count)
    var (remainder, direction) = (v, v)
    var squared = dot(v, v)
    let enough = tolerance * tolerance * squared
    // The largest eigenvalue is below `S`; curvature far below that is rounding.
    let strength = Double(try residual(at: z).1)
    for _ in 0..<(points.count + 4) where squared > enough {
      let product = try applyDerivative(to: direction, at: z)
      let curvature = dot(direction, product)
      guard curvature > 16 * Double(Scalar.ulpOfOne) * strength * dot(direction, direction) else { break }
      let step = Scalar(squared / curvature)
      for index in x.indices {
        x[index] += step * direction[index]
        remainder[index] -= step * product[index]
      }
      let next = dot(remainder, remainder)
      let ratio = Scalar(next / squared)
      for index in direction.indices { direction[index] = remainder[index] + ratio * direction[index] }
      squared = next
    }
    return x
  }

  /// `H t = (∂R/∂z) t`.
  private func applyDerivative(to tangent: [Scalar], at z: [Scalar]) throws -> [Scalar] {
    var sum = [Scalar](repeating: 0, count: z.count)
    for (point, share) in zip(points, shares) {
      add(try evaluate(.pushforward, [z, point, [share], [smoothing], tangent])[0], to: &sum)
    }
    return sum
  }

  /// `−(∂R/∂w_k)ᵀ x`, which for the solution of `H x = v` is `(∂z/∂w_k)ᵀ v`.
  package func pullback(_ solution: [Scalar], to client: Int, at z: [Scalar]) throws -> [Scalar] {
    let inputs = [z, points[client], [shares[client]], [smoothing], solution]
    return try evaluate(.pullback, inputs)[0].map { -$0 }
  }

  private func add(_ values: [Scalar], to sum: inout [Scalar]) {
    for index in sum.indices { sum[index] += values[index] }
  }

  private func dot(_ a: [Scalar], _ b: [Scalar]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += Double(a[index]) * Double(b[index]) }
    return sum
  }

  private func norm(_ a: [Scalar]) -> Double { dot(a, a).squareRoot() }
}
