/// Everything one thread needs to run an executable: bound inputs and outputs, and scratch memory.
///
/// Inputs and outputs that are not bound live in memory of the workspace. `run()` allocates nothing.
package final class Workspace {
  package let executable: Executable
  private let slab: Slab
  /// The start of every block, as ``BlockNumbering`` counts them.
  private let memory: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private var owned: [UnsafeMutableRawPointer] = []
  /// Whether every input and output has memory.
  private var isComplete = false

  init(_ executable: Executable, slab: Slab) {
    self.executable = executable
    self.slab = slab
    slab.reserve(executable.slabByteCount)
    memory = .allocate(capacity: executable.blocks.count)
    memory.initialize(repeating: slab.pointer, count: executable.blocks.count)
    memory[BlockNumbering.constants] = executable.constants.pointer
    let unbound = executable.constants.pointer
    for index in executable.program.inputs.indices { memory[executable.blocks.input(index)] = unbound }
    for index in executable.program.outputs.indices { memory[executable.blocks.output(index)] = unbound }
  }

  deinit {
    memory.deallocate()
    for block in owned { block.deallocate() }
  }

  /// Reads an input from memory that stays valid and unchanged while `run()` runs. 64-byte alignment is fastest.
  package func bind(input index: Int, to pointer: UnsafeRawPointer) {
    memory[executable.blocks.input(index)] = UnsafeMutableRawPointer(mutating: pointer)
  }

  /// Writes an output to memory of the right size. The output of an in-place pair must be bound to its input's memory.
  package func bind(output index: Int, to pointer: UnsafeMutableRawPointer) {
    memory[executable.blocks.output(index)] = pointer
  }

  /// Binds both sides of an in-place pair.
  package func bind(inPlace pair: (input: Int, output: Int), to pointer: UnsafeMutableRawPointer) {
    bind(input: pair.input, to: pointer)
    bind(output: pair.output, to: pointer)
  }

  /// Where an input is read from: memory of the workspace, to be filled before a run, unless it was bound.
  package func pointer(input index: Int) -> UnsafeMutableRawPointer {
    let block = executable.blocks.input(index)
    if memory[block] == executable.constants.pointer {
      memory[block] = allocate(executable.program.inputs[index].type)
      // Its in-place output is the same memory.
      if let pair = executable.inPlace.first(where: { $0.input == index }) {
        bind(output: pair.output, to: memory[block])
      }
    }
    return memory[block]
  }

  /// Where an output is written to: memory of the workspace, to be read after a run, unless it was bound.
  package func pointer(output index: Int) -> UnsafeMutableRawPointer {
    let block = executable.blocks.output(index)
    if memory[block] == executable.constants.pointer {
      if let pair = executable.inPlace.first(where: { $0.output == index }) {
        memory[block] = pointer(input: pair.input)
      } else {
        memory[block] = allocate(executable.program.outputTypes[index])
      }
    }
    return memory[block]
  }

  /// Runs the program once.
  package func run() {
    if !isComplete { complete() }
    // Another workspace may have grown the slab since.
    memory[BlockNumbering.scratch] = slab.pointer
    let memory = Memory(memory)
    for kernel in executable.kernels { kernel.run(memory) }
  }

  /// Gives memory to every input and output that has none yet.
  private func complete() {
    for index in executable.program.inputs.indices { _ = pointer(input: index) }
    for index in executable.program.outputs.indices { _ = pointer(output: index) }
    isComplete = true
  }

  private func allocate(_ type: TensorType) -> UnsafeMutableRawPointer {
    let byteCount = max(type.byteCount, 1)
    let block = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: BufferPlan.alignment)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    owned.append(block)
    return block
  }
}

extension Workspace {
  /// The median seconds that each kernel takes, over repeated runs; for profiles.
  package func profile(repeats: Int) -> [Double] {
    let memory = Memory(memory)
    let clock = ContinuousClock()
    return executable.kernels.map { kernel in
      let durations = (0..<max(repeats, 1)).map { _ in clock.measure { kernel.run(memory) } }
      return durations.sorted()[durations.count / 2] / .seconds(1)
    }
  }
}
