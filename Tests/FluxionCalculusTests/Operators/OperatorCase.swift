@testable import FluxionCalculus
import Testing

/// One row of the operator contract: a program around an operator, and where to evaluate it.
struct OperatorCase: Sendable, CustomTestStringConvertible {
  let name: String
  let inputs: [Program.Input]
  let values: [ReferenceValue]
  /// The inputs to differentiate by, where finite differences mean something; every `float32` input unless given.
  var variables: [Int]?
  /// What is tolerated relative to finite differences; constants inside programs are rounded to `Float`.
  var relativeTolerance = 1e-6
  private let body: @Sendable ([Tensor]) -> [Tensor]

  init(
    _ name: String, _ arguments: [Argument], variables: [Int]? = nil, _ body: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.variables = variables
    self.body = { [body($0)] }
    inputs = arguments.enumerated().map { .input("x\($0.offset)", $0.element.shape, $0.element.element) }
    // Every row has draws of its own, whatever rows stand before it.
    let seed = name.utf8.reduce(UInt64(0)) { ($0 &* 31) &+ UInt64($1) }
    values = arguments.enumerated().map { index, argument in
      argument.value(RandomKey(seed: seed).folding("argument", index))
    }
  }

  /// A row whose program is one operator.
  init(_ name: String, _ operation: FluxionCalculus.Operation, _ arguments: [Argument]) {
    self.init(name, arguments) { Tensor.apply(operation, $0) }
  }

  func program() throws -> Program { try Program.trace(inputs, body) }

  var testDescription: String { name }
}

/// How the elements of an input are drawn. All are multiples of 2⁻¹⁰, so that `Float` and `Double` read the same.
struct Argument: Sendable {
  let shape: Shape
  var element = ElementType.float32
  fileprivate let draw: @Sendable (_ count: Int, _ generator: inout CounterBasedGenerator) -> [Double]

  func value(_ key: RandomKey) -> ReferenceValue {
    var generator = key.generator()
    return ReferenceValue(draw(shape.count, &generator), shape, element)
  }

  /// Uniform over a range.
  static func uniform(_ shape: Shape, _ range: ClosedRange<Double> = -2...2) -> Argument {
    Argument(shape: shape) { count, generator in
      (0..<count).map { _ in
        onGrid(range.lowerBound + (range.upperBound - range.lowerBound) * generator.nextUniformDouble())
      }
    }
  }

  /// Of either sign, and at least a quarter away from 0.
  static func signed(_ shape: Shape) -> Argument {
    Argument(shape: shape) { count, generator in
      (0..<count).map { _ in
        onGrid((0.25 + 1.75 * generator.nextUniformDouble()) * (generator.next() & 1 == 0 ? 1 : -1))
      }
    }
  }

  /// Multiples of a quarter in random order, all different, plus an offset: no ties, and none with another offset.
  static func distinct(_ shape: Shape, offset: Double = 0.125) -> Argument {
    Argument(shape: shape) { count, generator in
      (0..<count).shuffled(using: &generator).map { Double($0 - count / 2) * 0.25 + offset }
    }
  }

  /// At least a fifth away from any integer.
  static func fractional(_ shape: Shape) -> Argument {
    Argument(shape: shape) { count, generator in
      (0..<count).map { _ in
        onGrid(Double(generator.next() % 6) - 3 + 0.2 + 0.6 * generator.nextUniformDouble())
      }
    }
  }

  static func integers(_ values: [Int32], _ shape: Shape, _ element: ElementType = .int32) -> Argument {
    Argument(shape: shape, element: element) { _, _ in values.map(Double.init) }
  }

  private static func onGrid(_ x: Double) -> Double { (x * 1024).rounded() / 1024 }
}
