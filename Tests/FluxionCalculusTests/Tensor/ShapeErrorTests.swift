import Testing

@testable import FluxionCalculus

/// Wrong uses of operators, and what their errors must say.
@Suite("Shape errors")
struct ShapeErrorTests {
  struct Misuse: Sendable, CustomTestStringConvertible {
    let name: String
    let inputs: [Program.Input]
    /// Parts of the message: the operator's name and the operands' types as a rule.
    let says: [String]
    let body: @Sendable ([Tensor]) -> Tensor

    init(_ name: String, _ types: [TensorType], says: [String], _ body: @escaping @Sendable ([Tensor]) -> Tensor) {
      self.name = name
      self.says = says
      self.body = body
      inputs = types.enumerated().map { Program.Input("x\($0.offset)", $0.element) }
    }

    /// An operator whose error names it and every operand's type.
    init(_ operation: FluxionCalculus.Operation, _ types: [TensorType], says: String = "") {
      self.init(
        "\(operation.name) of \(types)", types, says: [operation.name, says] + types.map(\.description)
      ) { .apply(operation, $0) }
    }

    var testDescription: String { name }
  }

  private static func float(_ dimensions: Int...) -> TensorType { TensorType(Shape(dimensions)) }
  private static func int(_ dimensions: Int...) -> TensorType { TensorType(Shape(dimensions), .int32) }

  static let misuses: [Misuse] = elementwise + shaping + indexing + windows + rows

  private static let elementwise: [Misuse] = [
    Misuse(.binary(.add), [float(2, 3), float(4)], says: "broadcast"),
    Misuse(.binary(.divide), [float(2, 3), float(2)], says: "broadcast"),
    Misuse(.binary(.power), [float(2), int(2)], says: "float32"),
    Misuse(.binary(.add), [float(2)], says: "2 operands"),
    Misuse(.unary(.exp), [int(2)], says: "float32"),
    Misuse(.unary(.relu), [TensorType([2], .uint8)], says: "float32"),
    Misuse(.unary(.exp), [float(2), float(2)], says: "1 operand"),
    Misuse(.select, [float(2), float(3), float(2)], says: "broadcast"),
    Misuse(.select, [int(2), float(2), float(2)], says: "float32"),
    Misuse(.stopGradient, [int(2)], says: "float32"),
  ]

  private static let shaping: [Misuse] = [
    Misuse(.reduce(.sum, axes: [2], keepingDimensions: false), [float(2, 3)], says: "[2]"),
    Misuse(.reduce(.sum, axes: [1, 0], keepingDimensions: false), [float(2, 3)], says: "increasing"),
    Misuse(.reduce(.sum, axes: [0, 0], keepingDimensions: false), [float(2, 3)], says: "increasing"),
    Misuse(.reduce(.sum, axes: [-1], keepingDimensions: false), [float(2, 3)], says: "increasing"),
    Misuse(.reduce(.maximum, axes: [0], keepingDimensions: false), [float(0, 3)], says: "empty axis"),
    Misuse(.broadcast([3, 2]), [float(2, 3)], says: "[3, 2]"),
    Misuse(.broadcast([3]), [float(2, 3)], says: "[3]"),
    Misuse(.reshape([4, 2]), [float(2, 3)], says: "[4, 2]"),
    Misuse(.reshape([-2, -3]), [float(2, 3)], says: "[-2, -3]"),
    Misuse(.transpose([0, 0]), [float(2, 3)], says: "permutation"),
    Misuse(.transpose([0]), [float(2, 3)], says: "permutation"),
    Misuse(.slice(starts: [1, 0], sizes: [2, 3]), [float(2, 3)], says: "leaves"),
    Misuse(.slice(starts: [0], sizes: [2]), [float(2, 3)], says: "leaves"),
    Misuse(.slice(starts: [-1, 0], sizes: [1, 1]), [float(2, 3)], says: "leaves"),
    Misuse(.slice(starts: [.max, 0], sizes: [.max, 1]), [float(2, 3)], says: "leaves"),
    Misuse(.pad(low: [-1, 0], high: [0, 0]), [float(2, 3)], says: "non-negative"),
    Misuse(.pad(low: [1], high: [1]), [float(2, 3)], says: "width an axis"),
    Misuse(.pad(low: [1 << 34, 0], high: [0, 0]), [float(2, 3)], says: "too large"),
    Misuse(.concatenate(axis: 0), [float(2, 3), float(2, 4)], says: "equal extents"),
    Misuse(.concatenate(axis: 0), [float(2, 3), float(3)], says: "one rank"),
    Misuse(.concatenate(axis: 2), [float(2, 3)], says: "axis 2"),
    Misuse(.broadcast([0, 1 << 33, 1 << 33]), [float()], says: "too large"),
  ]

  private static let indexing: [Misuse] = [
    Misuse(.gather, [float(4, 2), float(3)], says: "int32"),
    Misuse(.gather, [float(), int(3)], says: "table"),
    Misuse(.scatterAdd(rows: 3), [int(2), float(3, 2)], says: "values"),
    Misuse(.scatterAdd(rows: -1), [int(2), float(2, 2)], says: "values"),
    Misuse(.oneHot(depth: 0), [int(2)], says: "depth 0"),
    Misuse(.oneHot(depth: 3), [float(2)], says: "int32"),
    Misuse(.argmax, [float(2, 0)], says: "not empty"),
    Misuse(.argmax, [int(2)], says: "float32"),
    Misuse(.randomUniform([2], stream: 0), [int(3)], says: "int32[2]"),
    Misuse(.randomUniform([1 << 20, 1 << 20], stream: 0), [int(2)], says: "too large"),
  ]

  private static let windows: [Misuse] = [
    Misuse(.conv2D(Window(kernel: (3, 3))), [float(1, 4, 4, 2), float(3, 3, 1, 2)], says: "3×3"),
    Misuse(.conv2D(Window(kernel: (3, 3))), [float(1, 4, 4, 2), float(2, 3, 2, 2)], says: "3×3"),
    Misuse(.conv2D(Window(kernel: (3, 3))), [float(1, 2, 2, 2), float(3, 3, 2, 2)], says: "3×3"),
    Misuse(.conv2D(Window(kernel: (3, 3))), [float(4, 4, 2), float(3, 3, 2, 2)], says: "rank 4"),
    Misuse(.conv2D(Window(kernel: (3, 3), stride: (0, 1))), [float(1, 4, 4, 2), float(3, 3, 2, 2)]),
    Misuse(.conv2D(Window(kernel: (1, 1), padding: (0, 0, -1, 0))), [float(1, 4, 4, 2), float(1, 1, 2, 2)]),
    Misuse(
      .conv2DInputGradient(Window(kernel: (2, 2)), height: 4, width: 4), [float(1, 4, 4, 2), float(2, 2, 1, 2)],
      says: "4×4"),
    Misuse(.conv2DFilterGradient(Window(kernel: (2, 2))), [float(1, 4, 4, 2), float(2, 3, 3, 1)]),
    Misuse(.maxPool2D(Window(kernel: (3, 3))), [float(1, 2, 2, 1)], says: "does not fit 2×2"),
    Misuse(.maxPool2D(Window(kernel: (3, 3), padding: (2, 2, 2, 2))), [float(1, 0, 3, 1)], says: "0×3"),
    Misuse(.maxPool2D(Window(kernel: (2, 2), padding: (2, 2, 0, 0))), [float(1, 4, 4, 1)]),
    Misuse(.maxPool2DScatter(Window(kernel: (2, 2))), [float(1, 4, 4, 1), float(1, 2, 2, 1)], says: "[1, 3, 3, 1]"),
    Misuse(.maxPool2DGather(Window(kernel: (2, 2))), [float(1, 4, 4, 1), float(1, 3, 3, 1)]),
    Misuse(.averagePool2D(Window(kernel: (2, 2))), [float(4, 4)], says: "rank 4"),
    Misuse(.averagePool2DGradient(Window(kernel: (2, 2)), height: .max, width: 2), [float(1, 4, 4, 1)]),
    Misuse(.averagePool2DGradient(Window(kernel: (2, 2)), height: .min, width: 2), [float(1, 4, 4, 1)]),
  ]

  private static let rows: [Misuse] = [
    Misuse(.matmul(transposeA: false, transposeB: false), [float(2, 3), float(4, 5)], says: "3 and 4"),
    Misuse(.matmul(transposeA: true, transposeB: false), [float(2, 3), float(3, 5)], says: "first transposed"),
    Misuse(
      .matmul(transposeA: true, transposeB: true), [float(2, 3), float(3, 5)], says: "first and second transposed"),
    Misuse(.matmul(transposeA: false, transposeB: false), [float(2, 2, 3), float(3, 3, 5)], says: "batch"),
    Misuse(.matmul(transposeA: false, transposeB: false), [float(3), float(3, 5)], says: "batch"),
    Misuse(.softmax, [float(2, 0)], says: "not empty"),
    Misuse(.logSoftmax, [float()], says: "not empty"),
    Misuse(.softmaxCrossEntropy, [float(2, 3), int(3)], says: "labels"),
    Misuse(.softmaxCrossEntropy, [float(2, 3), float(2)], says: "labels"),
    Misuse(.softmaxCrossEntropyGradient, [float(2, 3), int(2), float(3)], says: "weights"),
    Misuse(.literal(Literal([1, 2, 3] as [Float], [2])), [], says: "needs 2 values, not 3"),
    Misuse("gradient of a vector", [float(3)], says: ["gradient", "float32[3]", "sum or mean"]) {
      gradient(of: $0[0], withRespectTo: [$0[0]])[0]
    },
    Misuse("dropout of everything", [float(3), int(2)], says: ["dropout", "1.0"]) {
      dropout($0[0], rate: 1, key: $0[1], stream: 0)
    },
    Misuse("slice along a missing axis", [float(3)], says: ["slice", "axis 1", "float32[3]"]) {
      $0[0].slice(axis: 1, from: 0, count: 1)
    },
    Misuse("the first of several errors", [float(2), float(3)], says: ["add", "float32[2]", "float32[3]"]) {
      matmul(exp($0[0] + $0[1]), $0[0])
    },
  ]

  @Test("an operator that does not take its operands says which operator and which operands", arguments: misuses)
  func misuse(_ misuse: Misuse) throws {
    let error = try #require(throws: FluxionError.self) { try Program.trace(misuse.inputs) { [misuse.body($0)] } }
    #expect(error.code == .shapeMismatch || error.code == .invalidArgument)
    for part in misuse.says { #expect(part.isEmpty || error.message.contains(part), "\(error.message)") }
  }

  @Test("a tensor that is no input of the program is named")
  func foreignInput() throws {
    var escaped: [Tensor] = []
    _ = try Program.trace([.input("outer", [2])]) {
      escaped = $0
      return $0
    }
    let error = try #require(throws: FluxionError.self) {
      try Program.trace([.input("inner", [2])]) { [$0[0] + escaped[0]] }
    }
    #expect(error.message.contains("\"outer\""))
  }

  @Test("the interpreter names the input that does not fit")
  func interpreterInputs() throws {
    let program = try Program.trace([.input("x", [2]), .input("k", [1], .int32)]) { [$0[0]] }
    let good = ReferenceValue([1, 2], [2])
    for (values, says) in [
      ([good], "takes 2 inputs"),
      ([ReferenceValue([1, 2, 3], [3]), good], "\"x\" has type float32[2]"),
      ([ReferenceValue([1], [2]), ReferenceValue([1], [1], .int32)], "1 elements"),
      ([good, ReferenceValue([1.5], [1], .int32)], "no int32"),
      ([good, ReferenceValue([.nan], [1], .int32)], "no int32"),
    ] {
      let error = try #require(throws: FluxionError.self) { try program.evaluateReference(values) }
      #expect(error.message.contains(says), "\(error.message)")
    }
  }
}
