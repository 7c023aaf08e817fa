import FluxionCalculus
import FluxionTesting
import Testing

@Suite("GradientChecker")
struct GradientCheckerTests {
  private let x = ReferenceValue([0.5, -1.5, 2], [3])

  private func program(_ body: @escaping (Tensor) -> Tensor) throws -> Program {
    try Program.trace([.input("x", [3])]) { [body($0[0])] }
  }

  @Test("passes what is right, and says how many entries it compared")
  func passes() throws {
    let checker = GradientChecker()
    let sine = try program { sin($0) }
    let report = try checker.checkGradient(of: sine, at: [x])
    #expect(report.entries == 3)
    #expect(try #require(report.worst).error < 1e-9)
    #expect(try checker.checkSecondOrder(of: sine, at: [x]).entries == 6)
    #expect(try checker.checkAdjoint(of: sine, at: [x]).entries == 2)
  }

  @Test("notices a derivative that is missing, and names the worst entry")
  func missing() throws {
    // The declared derivative of the last element is 0; its slope is not.
    let wrong = try program { x in
      concatenate([x.slice(axis: 0, from: 0, count: 2), stopGradient(x.slice(axis: 0, from: 2, count: 1))])
    }
    let checker = GradientChecker()
    let error = try #require(throws: FluxionError.self) { try checker.checkGradient(of: wrong, at: [x]) }
    #expect(error.code == .derivativeMismatch)
    #expect(error.message.contains("\"x\", element 2, the worst of 3: 0.0, not "), "\(error.message)")
    #expect(throws: FluxionError.self) { try checker.checkAdjoint(of: wrong, at: [x]) }
  }

  @Test("notices a second derivative that is missing behind a first that is right")
  func secondOrder() throws {
    // x · stop(x) − stop(x)²/2 has value x²/2 and gradient x, but no second derivative.
    let wrong = try program { $0 * stopGradient($0) - square(stopGradient($0)) * 0.5 }
    let slope = try Program.trace([.input("x", [3])]) { gradient(of: wrong($0)[0].sum(), withRespectTo: $0) }
    #expect(try slope.evaluateReference([x]) == [x])
    #expect(throws: FluxionError.self) { try GradientChecker().checkSecondOrder(of: wrong, at: [x]) }
  }

  @Test("notices NaN")
  func notANumber() throws {
    let wrong = try program { sqrt($0) }
    #expect(throws: FluxionError.self) { try GradientChecker().checkGradient(of: wrong, at: [x]) }
  }
}
