import CFluxionKernels

/// An elementwise program written in Swift, to be run by the kernels.
struct ElementwiseProgram {
  struct Instruction {
    var op: Int
    var dst: Int
    var operands: [Int] = []
    var imm: Float = 0
  }

  var dims: [Int]
  /// One row of strides for each input.
  var strides: [[Int]]
  var instructions: [Instruction]
  var outputs: [Int]

  /// Runs over buffers; `outputBuffers` may repeat an input's.
  func run(_ inputs: [UnsafePointer<Float>], _ outputBuffers: [UnsafeMutablePointer<Float>]) {
    let code = instructions.map { instruction in
      let operands = (instruction.operands + [255, 255, 255]).map(UInt8.init)
      return fx_ew_instruction(
        op: UInt8(instruction.op), dst: UInt8(instruction.dst), a: operands[0], b: operands[1], c: operands[2],
        imm: instruction.imm)
    }
    let flat = strides.flatMap { $0.map(Int64.init) }
    let registers = outputs.map(UInt8.init)
    code.withUnsafeBufferPointer { code in
      flat.withUnsafeBufferPointer { flat in
        registers.withUnsafeBufferPointer { registers in
          guard let first = registers.baseAddress else { return }
          let sizes = (dims + [Int](repeating: 1, count: 6 - dims.count)).map(Int64.init)
          var program = fx_ew_program(
            rank: Int32(dims.count), dims: (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]),
            inputs: Int32(strides.count), input_strides: flat.baseAddress, outputs: Int32(outputs.count),
            output_registers: first, instruction_count: Int32(code.count), instructions: code.baseAddress)
          fx_elementwise(&program, inputs, outputBuffers)
        }
      }
    }
  }

  /// Runs over arrays and returns the outputs.
  func run(_ inputs: [[Float]]) -> [[Float]] {
    let count = dims.reduce(1, *)
    let buffers = inputs.map { input in
      let buffer = UnsafeMutablePointer<Float>.allocate(capacity: max(input.count, 1))
      buffer.initialize(from: input, count: input.count)
      return buffer
    }
    let results = outputs.map { _ in
      let buffer = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
      buffer.initialize(repeating: .nan, count: count)
      return buffer
    }
    defer { (buffers + results).forEach { $0.deallocate() } }
    run(buffers.map { UnsafePointer($0) }, results)
    return results.map { Array(UnsafeBufferPointer(start: $0, count: count)) }
  }

  /// One operation over contiguous inputs.
  static func single(_ op: Int, _ inputs: [[Float]]) -> [Float] {
    let program = ElementwiseProgram(
      dims: [inputs[0].count], strides: inputs.map { _ in [1] },
      instructions: [Instruction(op: op, dst: inputs.count, operands: Array(inputs.indices))], outputs: [inputs.count])
    return program.run(inputs)[0]
  }
}
