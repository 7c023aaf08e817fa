import CFluxionKernels

/// A fused loop of elementwise operators.
final class ElementwiseKernel: Kernel, @unchecked Sendable {
  // The pointers are allocated here, never change after `init`, and are freed in `deinit`: nothing to lock.
  private let program: UnsafeMutablePointer<fx_ew_program>
  private let strides: UnsafeMutablePointer<Int64>
  private let registers: UnsafeMutablePointer<UInt8>
  private let instructions: UnsafeMutablePointer<fx_ew_instruction>
  private let loads: [Location]
  private let stores: [Location]

  init(_ lowering: ElementwiseLowering, loads: [Location], stores: [Location]) {
    self.loads = loads
    self.stores = stores
    strides = .allocate(capacity: max(lowering.loads.count * lowering.dimensions.count, 1))
    for (row, load) in lowering.loads.enumerated() {
      for (axis, stride) in load.strides.enumerated() {
        strides[row * lowering.dimensions.count + axis] = Int64(stride)
      }
    }
    registers = .allocate(capacity: max(stores.count, 1))
    for (index, register) in lowering.outputRegisters.enumerated() { registers[index] = register }
    instructions = .allocate(capacity: max(lowering.instructions.count, 1))
    for (index, instruction) in lowering.instructions.enumerated() { instructions[index] = instruction }
    var value = fx_ew_program(
      rank: Int32(lowering.dimensions.count), dims: (0, 0, 0, 0, 0, 0), inputs: Int32(loads.count),
      input_strides: strides, outputs: Int32(stores.count), output_registers: registers,
      instruction_count: Int32(lowering.instructions.count), instructions: instructions)
    withUnsafeMutableBytes(of: &value.dims) { bytes in
      let extents = bytes.bindMemory(to: Int64.self)
      for (axis, extent) in lowering.dimensions.enumerated() { extents[axis] = Int64(extent) }
    }
    program = .allocate(capacity: 1)
    program.initialize(to: value)
  }

  deinit {
    program.deallocate()
    strides.deallocate()
    registers.deallocate()
    instructions.deallocate()
  }

  func run(_ memory: Memory) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: loads.count + 1) { inputs in
      withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>.self, capacity: stores.count) { outputs in
        for index in loads.indices { inputs[index] = UnsafePointer(loads[index].floats(memory)) }
        for index in stores.indices { outputs[index] = stores[index].floats(memory) }
        guard let results = outputs.baseAddress else { return }
        fx_elementwise(program, inputs.baseAddress, results)
      }
    }
  }
}
