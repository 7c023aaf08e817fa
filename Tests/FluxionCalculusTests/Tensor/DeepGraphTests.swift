import FluxionCalculus
import Testing

/// Expressions far deeper than a thread's stack.
@Suite("Deep graphs")
struct DeepGraphTests {
  private static let depth = 100_000

  private func chain(_ depth: Int = Self.depth) throws -> Program {
    try Program.trace([.input("x", [1])]) { x in
      [(0..<depth).reduce(x[0]) { sum, _ in sum + x[0] }.sum()]
    }
  }

  @Test("a chain of 100,000 additions is traced, differentiated, evaluated, encoded and released")
  func additions() throws {
    let program = try chain()
    #expect(program.instructions.count == Self.depth + 1)
    let x = [ReferenceValue([2], [1])]
    #expect(try program.evaluateReference(x)[0].scalar == Double(2 * (Self.depth + 1)))
    #expect(try program.gradient().evaluateReference(x)[0].scalar == Double(Self.depth + 1))
    #expect(try Program(decoding: program.encoded()) == program)
  }

  @Test("a long chain of products is differentiated twice")
  func products() throws {
    // x ↦ 1.0001ⁿ x: the second derivative is zero, through a graph of several hundred thousand nodes.
    let program = try Program.trace([.input("x", [1])]) { x in
      [square((0..<20_000).reduce(x[0]) { y, _ in y * 1.0001 }).sum()]
    }
    let gradient = try program.gradient()
    let slope = try Program.trace(gradient.inputs) { [gradient($0)[0].sum()] }.gradient()
    let value = try slope.evaluateReference([ReferenceValue([3], [1])])[0].scalar ?? 0
    let growth = (0..<20_000).reduce(1.0) { y, _ in y * Double(Float(1.0001)) }
    #expect(abs(value - 2 * growth * growth) < 1e-9 * value)
  }

  @Test("a branch that is shared many times over is differentiated once")
  func sharing() throws {
    // y ← y + y, sixty times over: 2⁶⁰ paths, sixty nodes.
    let program = try Program.trace([.input("x", .scalar)]) { x in [(0..<60).reduce(x[0]) { y, _ in y + y }] }
    let gradient = try program.gradient()
    #expect(gradient.instructions.count < 500)
    #expect(try gradient.evaluateReference([ReferenceValue([1], .scalar)])[0].scalar == 0x1p60)
  }

  @Test("a chain of 20,000 additions is compiled and run")
  func executable() throws {
    let program = try chain(20_000)
    let x = TensorValue([2] as [Float], shape: [1])
    #expect(try Executable(program)([x])[0].floats == [40_002])
    #expect(try Executable(program.gradient())([x])[0].floats == [20_001])
  }
}
