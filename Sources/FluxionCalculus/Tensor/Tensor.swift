/// A symbolic tensor: an expression over the inputs of a program being traced.
///
/// Arithmetic on tensors computes nothing; it records what is to be computed. ``Program/trace(_:_:)`` turns the
/// expressions into a ``Program``. Operators never throw: an expression whose shapes do not agree becomes an *invalid*
/// tensor that carries the first error along, and tracing throws it.
///
/// ```swift
/// let program = try Program.trace([.input("x", [32, 784]), .input("w", [784, 10])]) { inputs in
///   [logSoftmax(matmul(inputs[0], inputs[1]))]
/// }
/// ```
public struct Tensor {
  let node: Node

  init(_ node: Node) { self.node = node }

  public var type: TensorType { node.type }
  public var shape: Shape { node.type.shape }
  public var element: ElementType { node.type.element }

  /// The error that made this expression invalid, if one did.
  public var error: FluxionError? {
    if case .invalid(let error) = node.source { return error }
    return nil
  }

  /// The result of an operator over operands; invalid if they do not fit it.
  static func apply(_ operation: Operation, _ operands: [Tensor]) -> Tensor {
    for operand in operands where operand.error != nil { return operand }
    do {
      let type = try operation.resultType(of: operands.map(\.type))
      return Tensor(Node(.operation(operation), operands.map(\.node), type))
    } catch {
      return .invalid(error)
    }
  }

  /// A tensor that stands for an error; everything computed from it is invalid in the same way.
  public static func invalid(_ error: FluxionError) -> Tensor {
    Tensor(Node(.invalid(error), [], TensorType(.scalar)))
  }

  /// A free variable: an input of the program that is being traced.
  static func placeholder(_ name: String, _ type: TensorType) -> Tensor {
    Tensor(Node(.input(name), [], type))
  }
}

/// One expression: what computes it, from what, and its type. Identity matters: a node is computed once.
final class Node {
  enum Source {
    case input(String)
    case operation(Operation)
    case invalid(FluxionError)
  }

  let source: Source
  private(set) var operands: [Node]
  let type: TensorType

  init(_ source: Source, _ operands: [Node], _ type: TensorType) {
    self.source = source
    self.operands = operands
    self.type = type
  }

  deinit {
    // A long chain of expressions (an unrolled training loop) must not be released recursively: the stack is finite.
    var pending = operands
    operands = []
    while var node = pending.popLast() {
      if isKnownUniquelyReferenced(&node) {
        pending.append(contentsOf: node.operands)
        node.operands = []
      }
    }
  }
}
