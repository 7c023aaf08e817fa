/// A compiled program: kernels at fixed places in static memory.
///
/// Compiling simplifies the program, fuses its operators and plans every buffer; running allocates nothing. An
/// executable is immutable and may run on any number of threads at once, each with its own ``Workspace``.
///
/// ```swift
/// let program = try Program.trace([.input("x", [2])]) { [exp($0[0]).sum()] }
/// let executable = try Executable(program.valueAndGradient())
/// let results = try executable([TensorValue([0, 1], shape: [2])])  // 1 + e, then [1, e]
/// ```
public final class Executable: Sendable {
  /// The program as it was given.
  public let program: Program
  let kernels: [any Kernel]
  let blocks: BlockNumbering
  /// Bytes of intermediate values and scratch that a workspace needs.
  package let slabByteCount: Int
  /// Pairs of an input and an output that share memory.
  let inPlace: [(input: Int, output: Int)]
  let constants: ConstantBlock

  /// Compiles a program.
  ///
  /// - Parameter inPlace: pairs of an input and an output of one type that share memory, as the parameters of a
  ///   training step do: the new value overwrites the old.
  /// - Throws: ``FluxionError`` if a pair does not fit, or for a value too large for the kernels.
  public init(_ program: Program, inPlace: [(input: Int, output: Int)] = []) throws {
    for pair in inPlace {
      guard program.inputs.indices.contains(pair.input), program.outputs.indices.contains(pair.output),
        program.inputs[pair.input].type == program.outputTypes[pair.output],
        inPlace.filter({ $0.input == pair.input || $0.output == pair.output }).count == 1
      else {
        throw FluxionError(
          .invalidArgument,
          "output \(pair.output) cannot be written over input \(pair.input): each may stand in one pair, "
            + "and both must have one type")
      }
    }
    let flow = Dataflow(try ProductSums.joined(try program.simplified()))
    let schedule = try Schedule(flow, inPlace: inPlace)
    let plan = BufferPlan(flow, schedule)
    let lowering = try Lowering(flow, schedule, plan)
    self.program = program
    self.inPlace = inPlace
    kernels = lowering.kernels
    blocks = plan.blocks
    slabByteCount = plan.valueByteCount + lowering.scratchByteCount
    constants = ConstantBlock(plan.constants)
  }

  /// The number of kernels that one run calls.
  public var kernelCount: Int { kernels.count }

  /// Runs once on values, in memory of its own.
  ///
  /// - Throws: ``FluxionError`` if the values do not have the inputs' types.
  public func callAsFunction(_ inputs: [TensorValue]) throws -> [TensorValue] {
    guard inputs.map(\.type) == program.inputs.map(\.type), inputs.allSatisfy({ $0.storedCount == $0.shape.count })
    else {
      throw FluxionError(
        .shapeMismatch,
        "the program takes inputs of types \(program.inputs.map(\.type)); it was given \(inputs.map(\.type))")
    }
    let workspace = makeWorkspace()
    for (index, input) in inputs.enumerated() {
      input.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        workspace.pointer(input: index).copyMemory(from: start, byteCount: bytes.count)
      }
    }
    workspace.run()
    return program.outputTypes.enumerated().map { index, type in
      TensorValue(copying: workspace.pointer(output: index), type: type)
    }
  }

  /// Memory for one thread to run in.
  ///
  /// - Parameter slab: scratch memory to share with the workspaces of other executables that never run at the same time.
  package func makeWorkspace(sharing slab: Slab? = nil) -> Workspace {
    Workspace(self, slab: slab ?? Slab())
  }
}

/// The literals of a program, aligned and immutable.
final class ConstantBlock: @unchecked Sendable {
  // Written once in `init` and only read afterwards: nothing to lock.
  let pointer: UnsafeMutableRawPointer

  init(_ bytes: [UInt8]) {
    pointer = .allocate(byteCount: max(bytes.count, 1), alignment: BufferPlan.alignment)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { pointer.copyMemory(from: start, byteCount: source.count) }
    }
  }

  deinit { pointer.deallocate() }
}
