public import FluxionCalculus

/// What is to be learnt: a model, the loss that training makes small, and the metrics that say how good it is.
///
/// The shape of an example comes with the data, so a task is bound to none: each function takes the shape of one
/// example, without the batch axis.
///
/// ```swift
/// let task = LearningTask(.mlp(hidden: [200, 200], classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy])
/// let step = try task.stepProgram(batchSize: 32, input: [28, 28, 1], optimizer: .sgd(learningRate: 0.1))
/// ```
public struct LearningTask: Sendable {
  public var model: Model
  public var loss: Loss
  public var metrics: [Metric]
  /// The element type of a batch `x`. Layers that take tokens read them from floats as well; raw `uint8` pixels are
  /// converted by the program.
  public var inputElement: ElementType

  public init(_ model: Model, loss: Loss, metrics: [Metric] = [], inputElement: ElementType = .float32) {
    self.model = model
    self.loss = loss
    self.metrics = metrics
    self.inputElement = inputElement
  }

  /// Names, shapes and places of the model's parameters for examples of a shape.
  ///
  /// - Throws: ``FluxionError`` that names the layer which cannot take its input.
  public func layout(input: Shape) throws -> ParameterLayout { try model.layout(input: input) }

  /// Parameters to begin with; a pure function of model, shape and key.
  ///
  /// - Throws: as ``layout(input:)``.
  public func initialParameters(input: Shape, key: RandomKey) throws -> Parameters {
    try model.initialParameters(input: input, key: key)
  }

  /// The type of one example's target, without the batch axis: `int32[]` for a label, `float32[]` for a value.
  ///
  /// - Throws: as ``layout(input:)``; ``FluxionError/Code/shapeMismatch`` if model and loss do not fit.
  public func targetType(input: Shape) throws -> TensorType {
    try loss.targetType(output: try model.outputShape(input: input))
  }

  /// The shape of one example's prediction: `[classes]`, or `[]` for a model of one value.
  ///
  /// - Throws: as ``targetType(input:)``.
  public func predictionShape(input: Shape) throws -> Shape {
    let output = try model.outputShape(input: input)
    return loss.target == .values ? try loss.targetType(output: output).shape : output
  }

  /// The predictions `[batch, …]` of a batch, over symbolic parameters.
  func predictions(_ x: Tensor, _ parameters: [Tensor], _ context: LayerContext) -> Tensor {
    var context = context
    let pixels = x.element == .uint8 ? x.converted(to: .float32) : x
    return loss.predictions(of: model(pixels, parameters: parameters, context: &context))
  }
}
