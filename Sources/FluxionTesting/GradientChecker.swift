public import FluxionCalculus

/// Checks the derivatives of a program against finite differences in `Double`.
///
/// Programs of any number of outputs of any shape are checked by their product with random cotangents `u`:
/// the pullback `Jᵀu` is compared, entry by entry, with the slope of `x ↦ ⟨u, f(x)⟩`. The slope is the five-point
/// formula `(8 (f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h` (Abramowitz and Stegun 1964, 25.3.6), whose error falls
/// with `h⁴`, so that a wide step keeps rounding small; programs run in the reference interpreter.
///
/// Inputs must keep `2h` away from kinks (`relu` at 0, ties of maxima): no derivative exists there.
///
/// ```swift
/// let loss = try Program.trace([.input("w", [3])]) { [square($0[0]).sum()] }
/// let report = try GradientChecker().checkGradient(of: loss, at: [ReferenceValue([1, 2, 3], [3])])
/// print(report.worst?.error ?? 0)
/// ```
public struct GradientChecker: Sendable {
  /// An entry passes if |derivative − slope| ≤ absolute · max(1, |⟨u, f⟩|) + relative · |slope|.
  public var relativeTolerance = 1e-6
  public var absoluteTolerance = 1e-8
  /// The step `h` at an entry `x`, divided by max(1, |x|).
  public var step = 1e-3
  /// Where random cotangents and tangents come from.
  public var key = RandomKey(seed: 0x5eed)

  public init() {}

  /// The outcome of a check that passed.
  public struct Report: Sendable {
    /// How many entries were compared.
    public var entries = 0
    /// The entry whose error was the largest part of what is tolerated.
    public var worst: Entry?
  }

  /// One entry of one input, with its derivative by the program and by finite differences.
  public struct Entry: Sendable {
    public var input: String
    /// The position in row-major order.
    public var position: Int
    public var derivative: Double
    public var slope: Double
    /// What was tolerated.
    public var tolerance: Double

    public var error: Double { abs(derivative - slope) }

    /// How much of the tolerance is used up; NaN counts as infinite.
    var strain: Double { error.isNaN ? .infinity : error / tolerance }
  }

  /// Compares the pullback with finite differences.
  ///
  /// - Parameters:
  ///   - inputs: where to differentiate, one value an input of the program.
  ///   - variables: positions among the inputs; every `float32` input unless given.
  /// - Throws: ``FluxionError/Code/derivativeMismatch``, naming the worst entry; errors of the program itself.
  @discardableResult
  public func checkGradient(
    of program: Program, at inputs: [ReferenceValue], withRespectTo variables: [Int]? = nil
  ) throws -> Report {
    let variables = variables ?? program.differentiableInputs
    let cotangents = randomValues(program.outputTypes, "cotangent")
    let pulled = try program.pullback(withRespectTo: variables).evaluateReference(inputs + cotangents)
    let derivatives = pulled.dropFirst(program.outputs.count)

    func objective(_ inputs: [ReferenceValue]) throws -> Double {
      inner(cotangents, try program.evaluateReference(inputs))
    }
    let scale = max(1, abs(inner(cotangents, Array(pulled.prefix(program.outputs.count)))))
    var report = Report()
    for (variable, derivative) in zip(variables, derivatives) {
      for position in derivative.elements.indices {
        let slope = try slope(at: inputs[variable].elements[position]) { x in
          var moved = inputs
          moved[variable].elements[position] = x
          return try objective(moved)
        }
        report.include(
          Entry(
            input: program.inputs[variable].name, position: position, derivative: derivative.elements[position],
            slope: slope, tolerance: absoluteTolerance * scale + relativeTolerance * abs(slope)))
      }
    }
    return try report.passed("gradient")
  }

  /// Compares the pullback of the pullback with finite differences of the pullback: every second derivative, times
  /// random cotangents.
  ///
  /// - Throws: as ``checkGradient(of:at:withRespectTo:)``.
  @discardableResult
  public func checkSecondOrder(
    of program: Program, at inputs: [ReferenceValue], withRespectTo variables: [Int]? = nil
  ) throws -> Report {
    let variables = variables ?? program.differentiableInputs
    let pullback = try program.pullback(withRespectTo: variables)
    let gradient = try Program.trace(pullback.inputs) { Array(pullback($0).dropFirst(program.outputs.count)) }
    let cotangents = randomValues(program.outputTypes, "outer cotangent")
    let outer = program.inputs.count..<pullback.inputs.count
    return try checkGradient(
      of: gradient, at: inputs + cotangents,
      withRespectTo: variables + outer.filter { pullback.inputs[$0].type.element == .float32 })
  }

  /// Checks that the pushforward is the adjoint of the pullback, `⟨u, Jv⟩ = ⟨Jᵀu, v⟩` for random `u` and `v`, and that
  /// `⟨u, Jv⟩` is the slope of `⟨u, f⟩` along `v`.
  ///
  /// - Throws: as ``checkGradient(of:at:withRespectTo:)``.
  @discardableResult
  public func checkAdjoint(
    of program: Program, at inputs: [ReferenceValue], withRespectTo variables: [Int]? = nil
  ) throws -> Report {
    let variables = variables ?? program.differentiableInputs
    let outputs = program.outputs.count
    let cotangents = randomValues(program.outputTypes, "cotangent")
    let tangents = randomValues(variables.map { program.inputs[$0].type }, "tangent")
    let pulled = try program.pullback(withRespectTo: variables).evaluateReference(inputs + cotangents)
    let pushed = try program.pushforward(withRespectTo: variables).evaluateReference(inputs + tangents)
    let backward = inner(Array(pulled.dropFirst(outputs)), tangents)
    let forward = inner(cotangents, Array(pushed.dropFirst(outputs)))
    let along = try slope(at: 0) { t in
      var moved = inputs
      for (variable, tangent) in zip(variables, tangents) {
        moved[variable].elements = zip(moved[variable].elements, tangent.elements).map { $0 + t * $1 }
      }
      return inner(cotangents, try program.evaluateReference(moved))
    }
    let tolerance = absoluteTolerance * max(1, abs(inner(cotangents, Array(pulled.prefix(outputs)))))
    var report = Report()
    for (name, value) in [("pullback along the tangent", backward), ("slope along the tangent", along)] {
      report.include(
        Entry(
          input: name, position: 0, derivative: forward, slope: value,
          tolerance: tolerance + relativeTolerance * abs(value)))
    }
    return try report.passed("pushforward")
  }

  private func slope(at x: Double, _ f: (Double) throws -> Double) rethrows -> Double {
    let h = step * max(1, abs(x))
    return try (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
  }

  /// Uniform in `[-1, 1)`; zeros for integers, which have no derivative.
  private func randomValues(_ types: [TensorType], _ label: StaticString) -> [ReferenceValue] {
    types.enumerated().map { index, type in
      var generator = key.folding(label, index).generator()
      var value = ReferenceValue(repeating: 0, type)
      guard type.element == .float32 else { return value }
      for position in value.elements.indices { value.elements[position] = 2 * generator.nextUniformDouble() - 1 }
      return value
    }
  }
}

extension GradientChecker.Report {
  mutating func include(_ entry: GradientChecker.Entry) {
    entries += 1
    guard let worst, worst.strain >= entry.strain else {
      worst = entry
      return
    }
  }

  func passed(_ what: String) throws(FluxionError) -> Self {
    guard let worst, !(worst.strain <= 1) else { return self }
    throw FluxionError(
      .derivativeMismatch,
      "\(what) disagrees at \"\(worst.input)\", element \(worst.position), the worst of \(entries): "
        + "\(worst.derivative), not \(worst.slope) ± \(worst.tolerance)")
  }
}

extension FluxionError.Code {
  /// A derivative that finite differences contradict.
  public static let derivativeMismatch = Self("derivative-mismatch")
}

extension Program {
  fileprivate var differentiableInputs: [Int] { inputs.indices.filter { inputs[$0].type.element == .float32 } }
}

/// The sum of the products of corresponding elements; integers take no part.
private func inner(_ a: [ReferenceValue], _ b: [ReferenceValue]) -> Double {
  zip(a, b).reduce(0) { sum, pair in
    guard pair.0.type.element == .float32, pair.1.type.element == .float32 else { return sum }
    return sum + zip(pair.0.elements, pair.1.elements).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
