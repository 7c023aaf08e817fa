import Foundation

extension Program {
  /// The version of the binary form that this build writes, and the newest that it reads.
  public static let formatVersion: UInt16 = 1

  /// What a program from outside may not exceed, whatever it says.
  enum EncodingLimits {
    static let instructions = 1_000_000
    static let values = 1_000_000
    /// Operands of one instruction.
    static let operands = 4_096
    static let rank = 16
    /// Names of inputs and operators, in UTF-8.
    static let nameByteCount = 1_024
  }

  private static let magic = Array("FLXP".utf8)

  /// The program's binary form, to be stored or sent: equal programs have equal bytes.
  ///
  /// Magic `FLXP`; format version (`UInt16`); inputs; the names of the operators, in the order of their first use;
  /// instructions (operator, attributes, how far back each operand lies, result type); outputs; CRC-64/XZ of all that.
  /// Numbers are little-endian, lengths and indices base-128 varints, floats their IEEE 754 bits.
  ///
  /// ```swift
  /// let bytes = program.encoded()
  /// let received = try Program(decoding: bytes)
  /// ```
  ///
  /// Decoding refuses more than 1,000,000 inputs, instructions or outputs, 4,096 operands of one instruction, rank 16
  /// and names of 1 KiB; no program that stays within that is refused.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: Self.magic)
    writer.write(word: Self.formatVersion)
    writer.write(inputs.count)
    for input in inputs {
      writer.write(input.name)
      writer.write(input.type)
    }
    var numbers: [String: Int] = [:]
    var names: [String] = []
    for instruction in instructions where numbers[instruction.operation.name] == nil {
      numbers[instruction.operation.name] = names.count
      names.append(instruction.operation.name)
    }
    writer.write(names.count)
    for name in names { writer.write(name) }
    writer.write(instructions.count)
    for (position, instruction) in instructions.enumerated() {
      writer.write(numbers[instruction.operation.name] ?? 0)
      instruction.operation.encodeAttributes(to: &writer)
      writer.write(instruction.operands.map { inputs.count + position - $0 })
      writer.write(instruction.type)
    }
    writer.write(outputs)
    writer.write(word: CRC64.checksum(writer.bytes))
    return writer.bytes
  }

  /// Reads a program's binary form, from bytes that may come from anywhere.
  ///
  /// Everything is checked before it is used: the checksum, every length, index, attribute and name, and every type,
  /// which is inferred anew and compared with what the bytes say.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for bytes that are no program,
  ///   ``FluxionError/Code/unsupported`` for a newer format or an unknown operator,
  ///   ``FluxionError/Code/shapeMismatch`` for an operator that does not take its operands.
  public init(decoding bytes: some Sequence<UInt8>) throws(FluxionError) {
    let bytes = Array(bytes)
    var header = ByteReader(bytes[...])
    guard bytes.starts(with: Self.magic) else {
      throw FluxionError(.corruptData, "these \(bytes.count) bytes are no encoded program: they do not begin with FLXP")
    }
    _ = try header.readBytes(Self.magic.count, "magic")
    let version = try header.readWord(UInt16.self, "format version")
    guard version <= Self.formatVersion else {
      throw FluxionError(
        .unsupported, "program format \(version) is newer than this build's \(Self.formatVersion): update this build")
    }
    guard version > 0 else { throw header.corrupt("there is no program format 0") }
    guard header.remaining >= 8 else { throw header.corrupt("the checksum is cut off") }
    var trailer = ByteReader(bytes.suffix(8))
    guard try trailer.readWord(UInt64.self, "checksum") == CRC64.checksum(bytes.dropLast(8)) else {
      throw FluxionError(.corruptData, "encoded program: the checksum does not hold, the bytes are damaged or cut off")
    }
    self = try ByteReader(bytes[..<(bytes.count - 8)].dropFirst(6)).program()
  }
}

extension ByteReader {
  /// Reads everything between the version and the checksum.
  fileprivate consuming func program() throws(FluxionError) -> Program {
    var inputs: [Program.Input] = []
    for _ in 0..<(try readCount(upTo: Program.EncodingLimits.values, "inputs")) {
      let name = try readText("input name")
      inputs.append(Program.Input(name, try readType("input \"\(name)\"")))
    }
    var types = inputs.map(\.type)
    let instructions = try readInstructions(&types)
    var outputs: [Int] = []
    for _ in 0..<(try readCount(upTo: Program.EncodingLimits.values, "outputs")) {
      let output = try readInteger(upTo: Program.EncodingLimits.values * 2, "output")
      guard output < types.count else { throw corrupt("output \(output) is not among the \(types.count) values") }
      outputs.append(output)
    }
    guard remaining == 0 else { throw corrupt("\(remaining) bytes are left over") }
    return Program(inputs: inputs, instructions: instructions, outputs: outputs)
  }

  /// - Parameter types: of the values so far; those of the instructions are appended.
  private mutating func readInstructions(
    _ types: inout [TensorType]
  ) throws(FluxionError) -> [Program.Instruction] {
    var names: [String] = []
    for _ in 0..<(try readCount(upTo: Program.EncodingLimits.instructions, "operators")) {
      names.append(try readText("operator name"))
    }
    guard Set(names).count == names.count else { throw corrupt("an operator is named twice") }
    var used = 0
    var instructions: [Program.Instruction] = []
    for _ in 0..<(try readCount(upTo: Program.EncodingLimits.instructions, "instructions")) {
      let number = try readInteger(upTo: Program.EncodingLimits.instructions, "operator")
      guard number < names.count, number <= used else {
        throw corrupt("operator \(number) is not the next of the \(names.count) that are named")
      }
      used = max(used, number + 1)
      let operation = try Operation(named: names[number], from: &self)
      let operands = try readOperands(before: types.count)
      let inferred = try operation.resultType(of: operands.map { types[$0] })
      let stated = try readType("result of \(operation.name)")
      guard stated == inferred else {
        throw corrupt("\(operation.name) gives \(inferred), but its result is said to be \(stated)")
      }
      instructions.append(Program.Instruction(operation: operation, operands: operands, type: inferred))
      types.append(inferred)
    }
    guard used == names.count else { throw corrupt("operator \"\(names[used])\" is named but not used") }
    return instructions
  }

  private mutating func readOperands(before index: Int) throws(FluxionError) -> [Int] {
    var operands: [Int] = []
    for _ in 0..<(try readCount(upTo: Program.EncodingLimits.operands, "operands")) {
      let distance = try readInteger(upTo: Program.EncodingLimits.values * 2, "operand")
      guard distance >= 1, distance <= index else {
        throw corrupt("an operand \(distance) before value \(index) is no earlier value")
      }
      operands.append(index - distance)
    }
    return operands
  }
}

extension Program: Codable {
  /// The binary form as one block of data: base 64 in JSON.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Data(encoded()))
  }

  public init(from decoder: any Decoder) throws {
    try self.init(decoding: decoder.singleValueContainer().decode(Data.self))
  }
}
