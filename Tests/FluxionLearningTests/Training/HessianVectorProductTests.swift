import FluxionCalculus
import FluxionLearning
import Testing

@Suite("Hessian-vector products")
struct HessianVectorProductTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let task: LearningTask
    let input: Shape
  }

  static let rows = [
    Row(
      testDescription: "a network with tanh, layer norm and dropout",
      task: LearningTask(
        Model {
          Dense(4); Tanh(); LayerNorm(); Dropout(0.25); Dense(3)
        }, loss: .softmaxCrossEntropy), input: [2]),
    Row(testDescription: "a regression", task: LearningTask(.linear(), loss: .meanSquaredError), input: [3]),
    Row(
      testDescription: "a convolution with pooling",
      task: LearningTask(
        Model {
          Conv2D(filters: 2, kernel: 3, padding: .same); Softplus(); MaxPool2D(2); Flatten(); Dense(3)
        }, loss: .softmaxCrossEntropy), input: [4, 4, 1]),
  ]

  @Test("are the slope of the gradient along the direction, by finite differences in Double", arguments: rows)
  func slope(row: Row) throws {
    for objective in [Objective(), .l2(0.3)] {
      let gradient = try row.task.gradientProgram(
        batchSize: 5, input: row.input, objective: objective, isTraining: false)
      let product = try row.task.hessianVectorProduct(batchSize: 5, input: row.input, objective: objective)
      #expect(product.inputs == gradient.inputs && product.inputs.key == nil)
      let point = gradient.program.inputs.enumerated().map { index, input -> ReferenceValue in
        input.type.element == .int32
          ? ReferenceValue((0..<5).map { Double($0 % 3) }, input.type.shape, .int32)
          : someNumbers(input.type.shape, index)
      }
      let direction = gradient.inputs.parameters.map { someNumbers(gradient.program.inputs[$0].type.shape, 50 + $0) }
      func moved(_ step: Double) throws -> [ReferenceValue] {
        var inputs = point
        for (index, along) in zip(gradient.inputs.parameters, direction) {
          inputs[index].elements = zip(inputs[index].elements, along.elements).map { $0 + step * $1 }
        }
        return try Array(gradient.program.evaluateReference(inputs)[gradient.gradientOutputs])
      }
      let h = 1e-3
      let around = try [-2 * h, -h, h, 2 * h].map(moved)
      let found = try product.program.evaluateReference(point + direction)
      #expect(found.count == direction.count && product.directions.count == direction.count)
      for (parameter, value) in found.enumerated() {
        for (position, entry) in value.elements.enumerated() {
          let g: [Double] = around.map { $0[parameter].elements[position] }
          let (near, far): (Double, Double) = (g[2] - g[1], g[3] - g[0])
          let slope: Double = (8 * near - far) / (12 * h)
          #expect(abs(entry - slope) < 1e-8 + 1e-6 * abs(slope))
        }
      }
    }
  }

  @Test("name their directions after the parameters, and draw no dropout unless told to")
  func inputs() throws {
    let row = Self.rows[0]
    let product = try row.task.hessianVectorProduct(batchSize: 2, input: row.input)
    #expect(
      product.program.inputs[product.directions].map(\.name)
        == product.parameters.entries.map { "direction.\($0.name)" })
    #expect(try row.task.hessianVectorProduct(batchSize: 2, input: row.input, isTraining: true).inputs.key != nil)
    #expect(throws: FluxionError.self) { try row.task.hessianVectorProduct(batchSize: 0, input: row.input) }
  }
}
