/// A traced, typed tensor graph in static single assignment: a loss, its gradient, a whole training step.
///
/// A program is data, not code: it can be inspected, differentiated, encoded and sent to where the data is. Values are
/// numbered: inputs first, then one for each instruction in order; an instruction reads only values before its own.
///
/// ```swift
/// let loss = try Program.trace([.input("w", [3])]) { [square($0[0]).sum()] }
/// let gradient = try loss.gradient()  // w ↦ 2w
/// ```
public struct Program: Hashable, Sendable {
  /// A parameter of the program.
  public struct Input: Hashable, Sendable {
    public var name: String
    public var type: TensorType

    public init(_ name: String, _ type: TensorType) {
      self.name = name
      self.type = type
    }

    /// An input of a shape; `float32` unless said otherwise.
    public static func input(_ name: String, _ shape: Shape, _ element: ElementType = .float32) -> Input {
      Input(name, TensorType(shape, element))
    }
  }

  /// One application of an operator.
  public struct Instruction: Hashable, Sendable {
    public let operation: Operation
    /// Indices of values.
    public let operands: [Int]
    public let type: TensorType
  }

  public let inputs: [Input]
  public let instructions: [Instruction]
  /// Indices of values; a value may stand more than once.
  public let outputs: [Int]

  /// The caller has made sure that every index and type holds.
  init(inputs: [Input], instructions: [Instruction], outputs: [Int]) {
    self.inputs = inputs
    self.instructions = instructions
    self.outputs = outputs
  }

  /// The type of a value.
  public func type(of value: Int) -> TensorType {
    value < inputs.count ? inputs[value].type : instructions[value - inputs.count].type
  }

  public var outputTypes: [TensorType] { outputs.map(type(of:)) }
}
