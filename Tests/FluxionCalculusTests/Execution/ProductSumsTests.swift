import Testing

@testable import FluxionCalculus

@Suite("Sums of products")
struct ProductSumsTests {
  /// `w − (xᵀd + η (xᵀe + zᵀd))`, and `v − η xᵀd`: a dense layer's step and its tangent.
  static func program(rows: Int) throws -> Program {
    try Program.trace([
      .input("v", [40, 30]), .input("w", [40, 30]), .input("x", [rows, 40]), .input("z", [rows, 40]),
      .input("d", [rows, 30]), .input("e", [rows, 30]), .input("rate", []),
    ]) { inputs in
      let (v, w, x, z, d, e, rate) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5], inputs[6])
      let g = matmul(x, d, transposeA: true)
      let h = matmul(x, e, transposeA: true) - matmul(z, d, transposeA: true)
      return [v - rate * g, w - (g + h * rate)]
    }
  }

  @Test("become one product where that is much larger than its factors")
  func joins() throws {
    let joined = try ProductSums.joined(try Self.program(rows: 4).simplified())
    #expect(joined.instructions.count { $0.operation == .matmul(transposeA: true, transposeB: false) } == 2)
    let executable = try Executable(try Self.program(rows: 4), inPlace: [(0, 0), (1, 1)])
    #expect(executable.kernels.count { $0 is MatmulDescentKernel } == 2)
    let kept = try ProductSums.joined(try Self.program(rows: 30).simplified())
    #expect(kept.instructions.count { $0.operation == .matmul(transposeA: true, transposeB: false) } == 3)
  }

  @Test("are the same numbers")
  func agrees() throws {
    let program = try Self.program(rows: 4)
    var generator = RandomKey(seed: 5).generator()
    let values = program.inputs.map { input in
      TensorValue((0..<input.type.shape.count).map { _ in generator.nextUniform() - 0.5 }, shape: input.type.shape)
    }
    let results = try Executable(program)(values)
    let expected = try program.evaluateReference(values.map { ReferenceValue($0) })
    for (result, value) in zip(results, expected) {
      for (a, b) in zip(result.floats, value.elements) { #expect(abs(Double(a) - b) < 1e-5) }
    }
  }
}
