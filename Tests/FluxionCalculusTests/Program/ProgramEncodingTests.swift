import Foundation
import Testing

@testable import FluxionCalculus

@Suite("Program encoding")
struct ProgramEncodingTests {
  /// A program with inputs of every type, operators with and without attributes, and literals.
  private func sample() throws -> Program {
    let loss = try Program.trace([
      .input("images", [2, 4, 4, 1], .uint8), .input("filter ﬁ", [3, 3, 1, 2]), .input("labels", [2], .int32),
      .input("key", [2], .int32),
    ]) { x in
      let images = x[0].converted(to: .float32) / 255
      let features = dropout(relu(conv2D(images, x[1], padding: .same)), rate: 0.5, key: x[3], stream: 1 << 40)
      let pooled = maxPool2D(features, Window(kernel: (4, 4)))
      return [softmaxCrossEntropy(pooled.reshaped(to: [2, 2]) + Tensor([0.5, -1], shape: [2]), x[2]).mean()]
    }
    return try loss.valueAndGradient()
  }

  @Test("an operator survives the round trip, and so do its derivatives", arguments: OperatorCase.all)
  func roundTrip(_ row: OperatorCase) throws {
    let program = try row.program()
    for program in [program, try program.pullback(), try program.pushforward()] {
      let bytes = program.encoded()
      #expect(try Program(decoding: bytes) == program)
      #expect(try Program(decoding: bytes).encoded() == bytes)
    }
  }

  @Test("the numbers of a literal survive bit by bit")
  func bits() throws {
    let values: [Float] = [.nan, -.nan, .infinity, -0.0, .leastNonzeroMagnitude, Float(bitPattern: 0x7fa0_0001)]
    let program = try Program.trace([]) { _ in [Tensor(values, shape: [6])] }
    guard case .literal(let literal) = try Program(decoding: program.encoded()).instructions[0].operation,
      case .float32(let decoded) = literal.storage
    else {
      Issue.record("the literal is gone")
      return
    }
    #expect(decoded.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test("the checksum is CRC-64/XZ")
  func checksum() {
    #expect(CRC64.checksum(Array("123456789".utf8)) == 0x995d_c9bb_df19_39fa)
    #expect(CRC64.checksum([]) == 0)
  }

  @Test("a program travels through JSON")
  func codable() throws {
    let program = try sample()
    #expect(try JSONDecoder().decode(Program.self, from: JSONEncoder().encode(program)) == program)
  }

  @Test("every damaged byte is noticed, whatever it becomes")
  func damage() throws {
    let bytes = try sample().encoded()
    for position in bytes.indices {
      for mask in [0x01, 0x80, 0xff, 0x55] as [UInt8] {
        var damaged = bytes
        damaged[position] ^= mask
        #expect(throws: FluxionError.self) { try Program(decoding: damaged) }
      }
    }
  }

  @Test("every truncation is noticed, and so is anything that follows")
  func truncation() throws {
    let bytes = try sample().encoded()
    for count in bytes.indices {
      #expect(throws: FluxionError.self) { try Program(decoding: bytes.prefix(count)) }
    }
    #expect(throws: FluxionError.self) { try Program(decoding: bytes + [0]) }
    // Even if whoever added the byte also made the checksum hold.
    #expect(throws: FluxionError.self) { try Program(decoding: Self.sealed(bytes.dropLast(8) + [0])) }
  }

  /// The bytes with a checksum that holds.
  static func sealed(_ body: some Sequence<UInt8>) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: body)
    writer.write(word: CRC64.checksum(writer.bytes))
    return writer.bytes
  }

  @Test("a newer format is named")
  func newerFormat() throws {
    var bytes = try sample().encoded()
    bytes[4] = 3
    let error = try #require(throws: FluxionError.self) { try Program(decoding: bytes) }
    #expect(error.code == .unsupported)
    #expect(error.message.contains("program format 3 is newer than this build's 1"))
  }

  /// Bytes that keep to the checksum and lie about everything else.
  private static let lies: [(name: String, says: String, write: @Sendable (inout ByteWriter) -> Void)] = [
    ("a billion inputs", "inputs", { $0.write(1_000_000_000) }),
    ("more inputs than bytes", "inputs", { $0.write(900_000) }),
    (
      "a name of a gigabyte", "length of input name",
      {
        $0.write(1); $0.write(1 << 30)
      }
    ),
    (
      "a name that is not UTF-8", "UTF-8",
      {
        $0.write(1); $0.write(2); $0.write(bytes: [0xc3, 0x28])
      }
    ),
    (
      "an element type that is none", "element type",
      {
        $0.write(1); $0.write("x"); $0.write(byte: 9)
      }
    ),
    (
      "a rank of 17", "shape",
      {
        $0.write(1); $0.write("x"); $0.write(byte: 0); $0.write([Int](repeating: 1, count: 17))
      }
    ),
    (
      "an input too large", "too large",
      {
        $0.write(1); $0.write(TensorTypeText.huge)
      }
    ),
    (
      "an empty input of huge strides", "too large",
      {
        $0.write(1); $0.write(TensorTypeText.hugeStrides)
      }
    ),
    ("an integer that never ends", "malformed", { $0.write(bytes: [UInt8](repeating: 0xff, count: 20)) }),
    ("an integer longer than it need be", "malformed", { $0.write(bytes: [0x80, 0x00]) }),
    ("an unknown operator", "\"teleport\"", { $0.writeInstruction("teleport", operands: [1]) }),
    (
      "an operator named twice", "twice",
      {
        $0.write(0); $0.write(2); $0.write("exp"); $0.write("exp")
      }
    ),
    (
      "an operator that is never used", "not used",
      {
        $0.write(0); $0.write(1); $0.write("exp"); $0.write(0); $0.write([])
      }
    ),
    ("an operand that is the instruction itself", "earlier", { $0.writeInstruction("exp", operands: [0]) }),
    ("an operand before the first", "earlier", { $0.writeInstruction("exp", operands: [2]) }),
    ("too few operands", "add takes 2 operands", { $0.writeInstruction("add", operands: [1]) }),
    ("another result type", "said to be", { $0.writeInstruction("exp", operands: [1], type: TensorType([2, 3])) }),
    (
      "a flag that is 2", "neither 0 nor 1",
      {
        $0.writeInstruction("reduceSum", operands: [1]) {
          $0.write([0]); $0.write(byte: 2)
        }
      }
    ),
    (
      "a decreasing list of axes", "increasing axes",
      {
        $0.writeInstruction("reduceSum", operands: [1]) {
          $0.write([1, 0]); $0.write(false)
        }
      }
    ),
    (
      "a literal longer than the bytes", "literal",
      {
        $0.write(0); $0.write(1); $0.write("literal"); $0.write(1); $0.write(0); $0.write(TensorType([1 << 30]))
      }
    ),
    (
      "a uint8 literal", "uint8",
      {
        $0.write(0); $0.write(1); $0.write("literal"); $0.write(1); $0.write(0); $0.write(TensorType([0], .uint8))
      }
    ),
    (
      "a window of no kernel", "conv2D",
      {
        $0.writeInstruction("conv2D", operands: [1, 1]) { $0.write(Window(kernel: (0, 0))) }
      }
    ),
    (
      "an output that is no value", "output 7",
      {
        $0.write(0); $0.write(0); $0.write(0); $0.write([7])
      }
    ),
  ]

  @Test("a program that lies is refused with a sentence that says where", arguments: lies.map(\.name))
  func liesAreRefused(_ name: String) throws {
    let lie = try #require(Self.lies.first { $0.name == name })
    var writer = ByteWriter()
    writer.write(bytes: "FLXP".utf8)
    writer.write(word: Program.formatVersion)
    lie.write(&writer)
    let error = try #require(throws: FluxionError.self) { try Program(decoding: Self.sealed(writer.bytes)) }
    #expect(error.message.contains(lie.says), "\(error.message)")
  }
}

/// Inputs whose types no program may have.
private enum TensorTypeText {
  static let huge = (name: "x", type: TensorType([1 << 20, 1 << 20]))
  static let hugeStrides = (name: "x", type: TensorType([0, 1 << 30, 1 << 30]))
}

extension ByteWriter {
  fileprivate mutating func write(_ input: (name: String, type: TensorType)) {
    write(input.name)
    write(input.type)
  }

  /// A whole program of one input `x: float32[2, 2]` and one instruction.
  fileprivate mutating func writeInstruction(
    _ name: String, operands: [Int], type: TensorType = TensorType([2, 2]),
    attributes: (inout ByteWriter) -> Void = { _ in }
  ) {
    write(1)
    write((name: "x", type: TensorType([2, 2])))
    write(1)
    write(name)
    write(1)
    write(0)
    attributes(&self)
    write(operands)
    write(type)
    write([1])
  }
}
