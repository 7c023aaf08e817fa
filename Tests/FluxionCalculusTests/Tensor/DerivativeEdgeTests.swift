import FluxionCalculus
import Testing

/// Derivatives where finite differences say nothing: at kinks, at ties, at the border of a domain.
@Suite("Derivatives at the edge")
struct DerivativeEdgeTests {
  /// The first, second and third derivative of `f` at a point, by the interpreter and by executables.
  private func derivatives(_ x: Double, _ f: @escaping (Tensor) -> Tensor) throws -> [[Double?]] {
    var program = try Program.trace([.input("x", .scalar)]) { [f($0[0])] }
    var results: [[Double?]] = [[], []]
    for _ in 0..<3 {
      program = try program.gradient()
      results[0].append(try program.evaluateReference([ReferenceValue([x], .scalar)])[0].scalar)
      results[1].append(Double(try Executable(program)([TensorValue(Float(x))])[0].floats[0]))
    }
    return results
  }

  @Test("no derivative of a power with a constant exponent is NaN at 0")
  func constantPowers() throws {
    for (exponent, expected) in [(0, [0, 0, 0]), (1, [1, 0, 0]), (2, [0, 2, 0]), (3, [0, 0, 6])] as [(Float, [Double])]
    {
      for result in try derivatives(0, { pow($0, Tensor(exponent)) }) { #expect(result == expected, "x^\(exponent)") }
    }
    for result in try derivatives(-2, { pow($0, 3) }) { #expect(result == [12, -12, 6]) }
  }

  @Test("a variable exponent gives no NaN where the base is not positive")
  func variablePowers() throws {
    let program = try Program.trace([.input("a", [3]), .input("b", [3])]) { [pow($0[0], $0[1]).sum()] }
    let gradient = try program.gradient()
    let second = try gradient.pullback()
    let values = [[0, 0, -2], [0, 2, 2]].map { ReferenceValue($0, [3]) }
    let first = try gradient.evaluateReference(values)
    #expect(first.map(\.elements) == [[0, 0, -4], [0, 0, 0]])
    let ones = [ReferenceValue(repeating: 1, TensorType([3])), ReferenceValue(repeating: 1, TensorType([3]))]
    for result in try second.evaluateReference(values + ones) { #expect(result.elements.allSatisfy { !$0.isNaN }) }
  }

  @Test("a mixed second derivative of a power is right where the exponent is 0")
  func mixedPower() throws {
    // ∂²/∂a∂b aᵇ = aᵇ⁻¹ (1 + b log a), which is 1/a at b = 0.
    let program = try Program.trace([.input("a", .scalar), .input("b", .scalar)]) { x in
      let slope = gradient(of: pow(x[0], x[1]), withRespectTo: [x[0]])[0]
      return gradient(of: slope, withRespectTo: [x[1]])
    }
    let value = try program.evaluateReference([ReferenceValue([4], .scalar), ReferenceValue([0], .scalar)])[0].scalar
    #expect(value == 0.25)
  }

  @Test("kinks have the derivative that is documented")
  func kinks() throws {
    for result in try derivatives(0, { relu($0) }) { #expect(result == [0, 0, 0]) }
    for result in try derivatives(0, { abs($0) }) { #expect(result == [0, 0, 0]) }
    for result in try derivatives(0, { sign($0) }) { #expect(result == [0, 0, 0]) }
    for result in try derivatives(1, { maximum($0, 1) }) { #expect(result == [0.5, 0, 0]) }
    for result in try derivatives(1, { minimum($0, 1) }) { #expect(result == [0.5, 0, 0]) }
    for result in try derivatives(1, { maximum(square($0), $0) }) { #expect(result[0] == 1.5) }
    for result in try derivatives(3, { stopGradient($0) * $0 }) { #expect(result == [3, 0, 0]) }
  }

  @Test("a tie shares the derivative of a maximum over axes, and the first maximum has all of it in a pool")
  func ties() throws {
    let x = ReferenceValue([1, 5, 5, 5], [1, 2, 2, 1])
    let reduction = try Program.trace([.input("x", [1, 2, 2, 1])]) { [$0[0].maximum()] }.gradient()
    #expect(try reduction.evaluateReference([x])[0].elements == [0, 1.0 / 3, 1.0 / 3, 1.0 / 3])
    let pool = try Program.trace([.input("x", [1, 2, 2, 1])]) {
      [maxPool2D($0[0], Window(kernel: (2, 2))).sum()]
    }.gradient()
    #expect(try pool.evaluateReference([x])[0].elements == [0, 1, 0, 0])
    #expect(try Executable(pool)([TensorValue(rounding: x)])[0].floats == [0, 1, 0, 0])
  }

  @Test("a variable that the loss does not depend on has a zero gradient")
  func independent() throws {
    let program = try Program.trace([.input("x", [2]), .input("y", [3])]) { [$0[0].sum()] }
    let values = [ReferenceValue([1, 2], [2]), ReferenceValue([1, 2, 3], [3])]
    #expect(try program.gradient().evaluateReference(values).map(\.elements) == [[1, 1], [0, 0, 0]])
  }
}
