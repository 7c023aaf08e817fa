import CFluxionKernels
import Foundation
import Testing

/// One operation: what it is in double, over which arguments, and how many units in the last place it may miss.
struct Operation: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var op: Int
  var arguments = 1
  var range: ClosedRange<Float> = -20...20
  var ulps = 0.5
  var reference: @Sendable ([Double]) -> Double

  init(
    _ name: String, _ op: Int, arguments: Int = 1, range: ClosedRange<Float> = -20...20, ulps: Double = 0.5,
    _ reference: @escaping @Sendable ([Double]) -> Double
  ) {
    testDescription = name
    (self.op, self.arguments, self.range, self.ulps, self.reference) = (op, arguments, range, ulps, reference)
  }

  static let table: [Operation] = [
    Operation("copy", FX_EW_COPY) { $0[0] },
    Operation("neg", FX_EW_NEG) { -$0[0] },
    Operation("exp", FX_EW_EXP, range: -87...88, ulps: 1.5) { exp($0[0]) },
    Operation("exp to the denormals", FX_EW_EXP, range: -110 ... -80, ulps: 1.5) { exp($0[0]) },
    Operation("log", FX_EW_LOG, range: 0...10, ulps: 1.5) { log($0[0]) },
    Operation("log of large", FX_EW_LOG, range: 1...3e38, ulps: 1.5) { log($0[0]) },
    Operation("log1p", FX_EW_LOG1P, range: -1...4, ulps: 2) { log1p($0[0]) },
    Operation("log1p near 0", FX_EW_LOG1P, range: -1e-3...1e-3, ulps: 2) { log1p($0[0]) },
    Operation("tanh", FX_EW_TANH, range: -10...10, ulps: 2) { tanh($0[0]) },
    Operation("sigmoid", FX_EW_SIGMOID, range: -85...85, ulps: 2.5) { 1 / (1 + exp(-$0[0])) },
    Operation("relu", FX_EW_RELU) { $0[0] < 0 ? 0 : $0[0] },
    Operation("sqrt", FX_EW_SQRT, range: 0...1e6) { $0[0].squareRoot() },
    Operation("rsqrt", FX_EW_RSQRT, range: 0...1e6, ulps: 1.5) { 1 / $0[0].squareRoot() },
    Operation("reciprocal", FX_EW_RECIPROCAL) { 1 / $0[0] },
    Operation("abs", FX_EW_ABS) { abs($0[0]) },
    Operation("sign", FX_EW_SIGN) { $0[0] > 0 ? 1 : $0[0] < 0 ? -1 : $0[0] == 0 ? 0 : .nan },
    Operation("erf", FX_EW_ERF, range: -5...5, ulps: 1.5) { erf($0[0]) },
    Operation("sin", FX_EW_SIN, range: -100...100, ulps: 2) { sin($0[0]) },
    Operation("sin of large", FX_EW_SIN, range: -1e7...1e7, ulps: 2) { sin($0[0]) },
    Operation("cos", FX_EW_COS, range: -100...100, ulps: 2) { cos($0[0]) },
    Operation("cos of large", FX_EW_COS, range: -1e7...1e7, ulps: 2) { cos($0[0]) },
    Operation("floor", FX_EW_FLOOR) { $0[0].rounded(.down) },
    Operation("square", FX_EW_SQUARE) { $0[0] * $0[0] },
    Operation("softplus", FX_EW_SOFTPLUS, range: -80...80, ulps: 2.5) { max($0[0], 0) + log1p(exp(-abs($0[0]))) },
    Operation("add", FX_EW_ADD, arguments: 2) { $0[0] + $0[1] },
    Operation("sub", FX_EW_SUB, arguments: 2) { $0[0] - $0[1] },
    Operation("mul", FX_EW_MUL, arguments: 2) { $0[0] * $0[1] },
    Operation("div", FX_EW_DIV, arguments: 2) { $0[0] / $0[1] },
    Operation("pow", FX_EW_POW, arguments: 2, range: 0...10, ulps: 1) { pow($0[0], $0[1]) },
    Operation("pow of both signs", FX_EW_POW, arguments: 2, ulps: 1) { pow($0[0], $0[1]) },
    Operation("max", FX_EW_MAX, arguments: 2) { $0[0].isNaN || $0[0] > $0[1] ? $0[0] : $0[1] },
    Operation("min", FX_EW_MIN, arguments: 2) { $0[0].isNaN || $0[0] < $0[1] ? $0[0] : $0[1] },
    Operation("less", FX_EW_LESS, arguments: 2) { $0[0] < $0[1] ? 1 : 0 },
    Operation("less or equal", FX_EW_LESS_EQUAL, arguments: 2) { $0[0] <= $0[1] ? 1 : 0 },
    Operation("equal", FX_EW_EQUAL, arguments: 2) { $0[0] == $0[1] ? 1 : 0 },
    Operation("select", FX_EW_SELECT, arguments: 3) { $0[0] != 0 ? $0[1] : $0[2] },
  ]

  /// How far a float is from a double, in the last places of the nearest float.
  static func distance(_ got: Float, _ want: Double) -> Double {
    let nearest = Float(want)
    if want.isNaN || nearest.isNaN { return got.isNaN ? 0 : .infinity }
    if nearest.isInfinite || got.isInfinite { return got == nearest ? 0 : .infinity }
    let ulp = abs(want) < 0x1p-126 ? 0x1p-149 : Double(nearest.ulp)
    return abs(Double(got) - want) / ulp
  }
}

@Suite("Elementwise programs")
struct ElementwiseTests {
  static let special: [Float] = [
    0, -0.0, 1, -1, 2, -2, 0.5, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNormalMagnitude,
    .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1p24, 3,
  ]

  @Test("agree with double, special values included", arguments: KernelPath.available, Operation.table)
  func operations(path: KernelPath, operation: Operation) {
    var numbers = Numbers(UInt64(operation.op))
    let (low, high) = (operation.range.lowerBound, operation.range.upperBound)
    var inputs = (0..<operation.arguments).map { _ in
      numbers.floats(3000).map { low + ($0 + 1) / 2 * (high - low) }
    }
    // Whole numbers too, for pow and the comparisons, and every pair of special values.
    for argument in inputs.indices {
      for i in 0..<500 { inputs[argument][i] = inputs[argument][i].rounded(.down) }
    }
    for (i, x) in Self.special.enumerated() {
      for (j, y) in Self.special.enumerated() {
        for (argument, value) in [x, y, y].prefix(inputs.count).enumerated() {
          inputs[argument][500 + i * Self.special.count + j] = value
        }
      }
    }
    let got = path.run { ElementwiseProgram.single(operation.op, inputs) }
    for i in got.indices {
      let arguments = inputs.map { Double($0[i]) }
      let distance = Operation.distance(got[i], operation.reference(arguments))
      guard distance <= operation.ulps + 1e-3 else {
        Issue.record("\(operation.testDescription)\(arguments) is \(got[i]), \(distance) last places off")
        return
      }
    }
  }

  @Test("give an element the same bits wherever it lies", arguments: KernelPath.available, Operation.table)
  func position(path: KernelPath, operation: Operation) {
    var numbers = Numbers(9)
    let inputs = (0..<operation.arguments).map { _ in numbers.floats(530, scale: 3) }
    let whole = path.run { ElementwiseProgram.single(operation.op, inputs) }
    for (start, count) in [(1, 529), (17, 3), (529, 1), (100, 31)] {
      let part = path.run { ElementwiseProgram.single(operation.op, inputs.map { Array($0[start..<start + count]) }) }
      #expect(part.map(\.bitPattern) == whole[start..<start + count].map(\.bitPattern))
    }
  }

  @Test(
    "read broadcast and strided inputs", arguments: KernelPath.available,
    [
      [7], [3, 10], [60, 10], [5, 600], [700, 1], [1, 513], [4, 3, 17], [2, 3, 4, 5, 6], [2, 1, 3, 2, 5, 31], [],
    ])
  func broadcasting(path: KernelPath, dims: [Int]) {
    let contiguous = rowMajor(dims)
    let last = dims.count - 1
    let rows = dims.indices.map { $0 == last ? 1 : 0 }  // [n] over [m, n]
    let columns = dims.indices.map { $0 == last ? 0 : contiguous[$0] }  // [m, 1] over [m, n]
    let scalar = dims.map { _ in 0 }
    let spread = contiguous.map { $0 * 2 }
    var numbers = Numbers(4)
    let count = dims.reduce(1, *)
    let inputs = (0..<5).map { _ in numbers.floats(2 * count + 1) }
    let strides = [contiguous, rows, columns, scalar, spread]
    let program = ElementwiseProgram(
      dims: dims, strides: strides,
      instructions: [
        .init(op: FX_EW_FMA, dst: 5, operands: [0, 1, 2]),
        .init(op: FX_EW_CONST, dst: 6, imm: 0.25),
        .init(op: FX_EW_SUB, dst: 7, operands: [5, 6]),
        .init(op: FX_EW_MUL, dst: 5, operands: [7, 3]),
        .init(op: FX_EW_ADD, dst: 5, operands: [5, 4]),
      ], outputs: [5, 7, 5, 1])
    let got = path.run { program.run(inputs) }
    for i in 0..<count {
      var (index, rest) = ([Int](repeating: 0, count: dims.count), i)
      for d in dims.indices.reversed() { (rest, index[d]) = rest.quotientAndRemainder(dividingBy: dims[d]) }
      let x = zip(inputs, strides).map { input, strides in
        Double(input[zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }])
      }
      let seven = x[0] * x[1] + x[2] - 0.25
      let five = seven * x[3] + x[4]
      for (o, want) in [five, seven, five, x[1]].enumerated() where abs(Double(got[o][i]) - want) > 2e-6 {
        Issue.record("output \(o) of \(dims) at \(i) is \(got[o][i]), not \(want)")
        return
      }
    }
  }

  @Test("may write over an input, even one that is read again", arguments: KernelPath.available)
  func inPlace(path: KernelPath) {
    var numbers = Numbers(5)
    let (w, g) = (numbers.floats(1500), numbers.floats(1500))
    let program = ElementwiseProgram(
      dims: [1500], strides: [[1], [1]],
      instructions: [
        .init(op: FX_EW_ADD, dst: 2, operands: [0, 1]),
        .init(op: FX_EW_MUL, dst: 3, operands: [0, 2]),
      ], outputs: [2, 3, 0])
    let want = path.run { program.run([w, g]) }
    var (shared, product, copy) = (w, w, g)
    path.run {
      shared.withUnsafeMutableBufferPointer { shared in
        product.withUnsafeMutableBufferPointer { product in
          copy.withUnsafeMutableBufferPointer { copy in
            g.withUnsafeBufferPointer { g in
              guard let shared = shared.baseAddress, let product = product.baseAddress, let copy = copy.baseAddress,
                let g = g.baseAddress
              else { return }
              program.run([UnsafePointer(shared), g], [shared, product, copy])
            }
          }
        }
      }
    }
    #expect(shared == want[0])
    #expect(product == want[1])
    #expect(copy == w)
  }

  @Test("do nothing over an empty nest", arguments: KernelPath.available)
  func empty(path: KernelPath) {
    let program = ElementwiseProgram(
      dims: [3, 0], strides: [[0, 1]], instructions: [.init(op: FX_EW_NEG, dst: 1, operands: [0])], outputs: [1])
    #expect(path.run { program.run([[1]]) } == [[]])
  }
}

/// The strides of a dense array.
func rowMajor(_ dims: [Int]) -> [Int] {
  dims.indices.map { dims[($0 + 1)...].reduce(1, *) }
}
