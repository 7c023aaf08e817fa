import Testing

@testable import FluxionCalculus

@Suite("Program decoding under fire")
struct ProgramFuzzTests {
  /// Mutated programs, one seed each; the checksum is made to hold, or nothing past it would ever be reached.
  @Test("two thousand mutations are refused or give a valid program, and nothing traps")
  func mutations() throws {
    let originals = try OperatorCase.all.map { try $0.program() }.filter { $0.encoded().count < 2_000 }
    let key = RandomKey(seed: 2_000)
    var accepted = 0
    for round in 0..<2_000 {
      var generator = key.folding("mutation", round).generator()
      let original = originals[Int(generator.next() % UInt64(originals.count))]
      var body = Array((round % 2 == 0 ? original : try original.pullback()).encoded().dropLast(8))
      for _ in 0...(generator.next() % 3) { Self.mutate(&body, &generator) }
      do {
        let bytes = ProgramEncodingTests.sealed(body)
        let program = try Program(decoding: bytes)
        accepted += 1
        Self.expectValid(program)
        #expect(program.encoded() == bytes, "a program has one encoding only")
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
    // Some mutations only rename an input or change a literal: if none is accepted, the bytes never got that far.
    #expect((20..<1_900).contains(accepted), "\(accepted)")
  }

  @Test("noise is refused")
  func noise() {
    var generator = RandomKey(seed: 1).generator()
    for count in 0..<300 {
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      #expect(throws: FluxionError.self) { try Program(decoding: bytes) }
      let disguised = Array("FLXP".utf8) + [1, 0] + bytes
      #expect(throws: FluxionError.self) { try Program(decoding: disguised) }
      _ = try? Program(decoding: ProgramEncodingTests.sealed(disguised))
    }
  }

  private static func mutate(_ bytes: inout [UInt8], _ generator: inout CounterBasedGenerator) {
    // The header stays: what it refuses is tested elsewhere.
    let position = 6 + Int(generator.next() % UInt64(max(bytes.count - 6, 1)))
    guard position < bytes.count else { return }
    switch generator.next() % 7 {
    case 0: bytes[position] ^= 1 << UInt8(generator.next() % 8)
    case 1: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
    case 2: bytes.remove(at: position)
    case 3: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: position)
    case 4: bytes.removeSubrange(position...)
    case 5: bytes.insert(contentsOf: bytes[position...].prefix(9), at: position)
    default: bytes[position] = [0x00, 0x7f, 0x80, 0xff][Int(generator.next() % 4)]
    }
  }

  private static func expectValid(_ program: Program) {
    for (position, instruction) in program.instructions.enumerated() {
      #expect(instruction.operands.allSatisfy { (0..<(program.inputs.count + position)).contains($0) })
      #expect(
        throws: Never.self,
        performing: {
          let type = try instruction.operation.resultType(of: instruction.operands.map(program.type))
          #expect(type == instruction.type)
        })
    }
    #expect(program.outputs.allSatisfy { (0..<(program.inputs.count + program.instructions.count)).contains($0) })
    // What was accepted can be listed, drawn and differentiated.
    #expect(!program.description.isEmpty)
    #expect(!program.graphviz().isEmpty)
    _ = try? program.pullback()
  }
}
