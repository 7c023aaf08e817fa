@testable import FluxionCalculus
import FluxionTesting
import Testing

/// What every operator promises, row by row; a new operator is a new row.
@Suite("Operator contract")
struct OperatorContractTests {
  @Test("an instruction has the type that the typing rule and the interpreter agree on", arguments: OperatorCase.all)
  func types(_ row: OperatorCase) throws {
    let program = try row.program()
    for instruction in program.instructions {
      #expect(try instruction.operation.resultType(of: instruction.operands.map(program.type)) == instruction.type)
    }
    let results = try program.evaluateReference(row.values)
    #expect(results.map(\.type) == program.outputTypes)
    #expect(results.allSatisfy { $0.elements.count == $0.shape.count && $0.elements.allSatisfy(\.isFinite) })
  }

  @Test("the gradient is the slope", arguments: OperatorCase.all)
  func gradient(_ row: OperatorCase) throws {
    try row.checker.checkGradient(of: row.program(), at: row.values, withRespectTo: row.variables)
  }

  @Test("the gradient of the gradient is the slope of the gradient", arguments: OperatorCase.all)
  func secondOrder(_ row: OperatorCase) throws {
    try row.checker.checkSecondOrder(of: row.program(), at: row.values, withRespectTo: row.variables)
  }

  @Test("the pushforward is the adjoint of the pullback", arguments: OperatorCase.all)
  func adjoint(_ row: OperatorCase) throws {
    try row.checker.checkAdjoint(of: row.program(), at: row.values, withRespectTo: row.variables)
  }
}

extension OperatorCase {
  fileprivate var checker: GradientChecker {
    var checker = GradientChecker()
    checker.relativeTolerance = relativeTolerance
    return checker
  }
}
