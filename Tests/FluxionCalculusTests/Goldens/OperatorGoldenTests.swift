import FluxionCalculus
import Foundation
import Testing

/// Values and vector-Jacobian products of operators as JAX computes them.
@Suite("Operator goldens")
struct OperatorGoldenTests {
  private struct File: Decodable {
    let tolerance: [String: Golden.Tolerance]
    let operators: [OperatorGolden]
  }

  private static let file = Result { try Golden.read("operators", as: File.self) }

  @Test("the interpreter agrees with JAX on every value and every derivative")
  func reference() throws {
    let file = try Self.file.get()
    let tolerance = try #require(file.tolerance["float64"])
    #expect(file.operators.count > 100)
    for row in file.operators {
      // Constants inside programs are rounded to Float: 2/√π, 1/√2, one over the number of elements.
      let isRounded = ["erf", "gelu", "mean"].contains(row.operator)
      let program = try row.program().pullback()
      row.check(
        try program.evaluateReference(row.values),
        isRounded ? Golden.Tolerance(absolute: 1e-8, relative: 1e-7) : tolerance)
    }
  }

  @Test("compiled programs agree with JAX on every value and every derivative")
  func executable() throws {
    let file = try Self.file.get()
    let tolerance = try #require(file.tolerance["float32"])
    for row in file.operators {
      let executable = try Executable(row.program().pullback())
      row.check(try executable(row.values.map { try TensorValue(rounding: $0) }).map { ReferenceValue($0) }, tolerance)
    }
  }
}

/// One row of `operators.json`.
struct OperatorGolden: Decodable, Sendable {
  struct Attributes: Decodable, Sendable {
    var axes: [Int]?
    var keepDimensions: Bool?
    var shape: [Int]?
    var permutation: [Int]?
    var starts: [Int]?
    var ends: [Int]?
    var strides: [Int]?
    var low: [Int]?
    var high: [Int]?
    var value: Float?
    var axis: Int?
    var rows: Int?
    var transposeLeft: Bool?
    var transposeRight: Bool?
    var padding: [[Int]]?
    var window: [Int]?
  }

  let `operator`: String
  let attributes: Attributes
  let inputs: [Golden.Tensor]
  let indices: [Golden.Tensor]?
  let output: Golden.Tensor
  let cotangent: Golden.Tensor
  // The file's own spelling.
  let input_gradients: [Golden.Tensor]

  /// The inputs of the pullback: the operator's, its indices, the cotangent.
  var values: [ReferenceValue] {
    inputs.map { $0.value() } + (indices ?? []).map { $0.value(.int32) } + [cotangent.value()]
  }

  func program() throws -> Program {
    let parameters = values.dropLast().enumerated().map { index, value in
      Program.Input("x\(index)", value.type)
    }
    return try Program.trace(parameters) { [try apply($0)] }
  }

  func check(_ results: [ReferenceValue], _ tolerance: Golden.Tolerance) {
    let what = "\(`operator`) \(inputs.map(\.shape))"
    #expect(results.count == 1 + input_gradients.count)
    Golden.expect(results[0], is: output, within: tolerance, what)
    for (index, gradient) in input_gradients.enumerated() where index + 1 < results.count {
      Golden.expect(results[index + 1], is: gradient, within: tolerance, "\(what), derivative \(index)")
    }
  }

  private func apply(_ x: [Tensor]) throws -> Tensor {
    if let unary = Self.unary[`operator`] { return unary(x[0]) }
    if let binary = Self.binary[`operator`] { return binary(x[0], x[1]) }
    return try applyShaping(x)
  }

  private static let unary: [String: @Sendable (Tensor) -> Tensor] = [
    "neg": { -$0 }, "exp": { exp($0) }, "log": { log($0) }, "log1p": { log1p($0) }, "tanh": { tanh($0) },
    "sigmoid": { sigmoid($0) }, "relu": { relu($0) }, "sqrt": { sqrt($0) }, "rsqrt": { rsqrt($0) },
    "reciprocal": { reciprocal($0) }, "abs": { abs($0) }, "sign": { sign($0) }, "erf": { erf($0) },
    "sin": { sin($0) }, "cos": { cos($0) }, "square": { square($0) }, "floor": { floor($0) },
    "softplus": { softplus($0) }, "gelu": { gelu($0) }, "softmax": { softmax($0) },
    "logSoftmax": { logSoftmax($0) },
  ]

  private static let binary: [String: @Sendable (Tensor, Tensor) -> Tensor] = [
    "add": { $0 + $1 }, "sub": { $0 - $1 }, "mul": { $0 * $1 }, "div": { $0 / $1 }, "pow": { pow($0, $1) },
    "maximum": { maximum($0, $1) }, "minimum": { minimum($0, $1) }, "less": { $0 .< $1 },
    "lessEqual": { $0 .<= $1 }, "greater": { $0 .> $1 }, "greaterEqual": { $0 .>= $1 }, "equal": { $0 .== $1 },
    "notEqual": { 1 - ($0 .== $1) }, "gather": { gather($0, $1) },
    "softmaxCrossEntropy": { softmaxCrossEntropy($0, $1) },
  ]

  private func applyShaping(_ x: [Tensor]) throws -> Tensor {
    let a = attributes
    let keeping = a.keepDimensions ?? false
    switch `operator` {
    case "select": return select(x[0], x[1], x[2])
    case "sum": return x[0].sum(axes: a.axes, keepingDimensions: keeping)
    case "mean": return x[0].mean(axes: a.axes, keepingDimensions: keeping)
    case "reduceMax": return x[0].maximum(axes: a.axes, keepingDimensions: keeping)
    case "reduceMin": return -((-x[0]).maximum(axes: a.axes, keepingDimensions: keeping))
    case "reshape": return x[0].reshaped(to: Shape(try #require(a.shape)))
    case "broadcast": return x[0].broadcast(to: Shape(try #require(a.shape)))
    case "transpose": return x[0].transposed(a.permutation)
    case "slice":
      let starts = try #require(a.starts)
      return x[0].slice(from: starts, sizes: zip(try #require(a.ends), starts).map(-))
    case "stridedSlice":
      // Not an operator: rows by index, axis by axis.
      return try x[0].shape.dimensions.indices.reduce(x[0]) { result, axis in
        let range = stride(
          from: try #require(a.starts)[axis], to: try #require(a.ends)[axis], by: try #require(a.strides)[axis])
        let indices = range.map(Int32.init)
        var exchange = Array(0..<result.shape.rank)
        exchange.swapAt(0, axis)
        return gather(result.transposed(exchange), Tensor(indices, shape: [indices.count])).transposed(exchange)
      }
    case "pad":
      let value = Tensor(a.value ?? 0)
      return (x[0] - value).padded(low: try #require(a.low), high: try #require(a.high)) + value
    case "concatenate": return concatenate(x, axis: try #require(a.axis))
    case "scatterAdd": return scatterAdd(x[0], x[1], rows: try #require(a.rows))
    case "matmul":
      return matmul(
        x[0], x[1], transposeA: a.transposeLeft ?? false, transposeB: a.transposeRight ?? false)
    case "conv2d":
      return conv2D(x[0], x[1], window: try window(kernel: x[1].shape.dimensions))
    case "maxPool2d": return maxPool2D(x[0], try window(kernel: try #require(a.window)))
    case "averagePool2d": return averagePool2D(x[0], try window(kernel: try #require(a.window)))
    default: throw FluxionError(.invalidArgument, "golden operator \(`operator`) has no counterpart")
    }
  }

  private func window(kernel: [Int]) throws -> Window {
    let (strides, padding) = (try #require(attributes.strides), try #require(attributes.padding))
    return Window(
      kernel: (kernel[0], kernel[1]), stride: (strides[0], strides[1]),
      padding: (padding[0][0], padding[0][1], padding[1][0], padding[1][1]))
  }
}
