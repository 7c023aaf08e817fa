@testable import FluxionCalculus
import Testing

/// The compiled form of every row of the contract, and of its derivatives, against the oracle.
@Suite("Operator kernels")
struct OperatorKernelTests {
  @Test("simplifying changes nothing but rounding", arguments: OperatorCase.all)
  func simplifier(_ row: OperatorCase) throws {
    for (order, program, values) in try row.derivatives() {
      let expected = try program.evaluateReference(values)
      let actual = try program.simplified().evaluateReference(values)
      // The simplifier folds constants in Float.
      compare(actual, expected, tolerance: 1e-6, "\(row.name), order \(order)")
    }
  }

  @Test("the executable computes what the oracle does", arguments: OperatorCase.all)
  func executable(_ row: OperatorCase) throws {
    for (order, program, values) in try row.derivatives() {
      let expected = try program.evaluateReference(values)
      let actual = try Executable(program)(try values.map { try TensorValue(rounding: $0) }).map { ReferenceValue($0) }
      compare(actual, expected, tolerance: 2e-5, "\(row.name), order \(order)")
    }
  }

  /// Integers must agree exactly, floats to `tolerance` of the largest element of their tensor.
  private func compare(
    _ actual: [ReferenceValue], _ expected: [ReferenceValue], tolerance: Double, _ what: String
  ) {
    #expect(actual.map(\.type) == expected.map(\.type), "\(what)")
    for (output, (a, b)) in zip(actual, expected).enumerated() {
      let scale = b.type.element == .float32 ? tolerance * b.elements.reduce(1) { max($0, abs($1)) } : 0
      let worst = zip(a.elements, b.elements).map { abs($0 - $1) }.max { $0 < $1 || $1.isNaN } ?? 0
      #expect(worst <= scale, "\(what), output \(output): \(a.elements) is not \(b.elements)")
    }
  }
}

extension OperatorCase {
  /// The program, its pullback and the pullback of its pullback, each with values for its inputs.
  fileprivate func derivatives() throws -> [(order: Int, program: Program, values: [ReferenceValue])] {
    var rows = [(order: 0, program: try program(), values: values)]
    for order in 1...2 {
      let (_, last, values) = rows[order - 1]
      let pullback = try last.pullback()
      // Multiples of 2⁻¹⁰, as the inputs themselves are.
      let cotangents = pullback.inputs.dropFirst(values.count).enumerated().map { index, input in
        input.type.element == .float32
          ? Argument.signed(input.type.shape).value(RandomKey(seed: UInt64(order)).folding("cotangent", index))
          : ReferenceValue(repeating: 0, input.type)
      }
      rows.append((order, pullback, values + cotangents))
    }
    return rows
  }
}
