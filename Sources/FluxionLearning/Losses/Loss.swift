public import FluxionCalculus

/// What training makes small: a number for each example of a batch, from predictions and targets.
///
/// A loss is written over symbolic tensors, so it is differentiated and compiled with the model.
///
/// ```swift
/// let logCosh = Loss("log-cosh", target: .values) { predictions, targets in
///   let error = predictions - targets
///   return error + softplus(-2 * error) - 0.693_147_2
/// }
/// ```
public struct Loss: Sendable {
  /// What a loss compares predictions with.
  public enum Target: String, Hashable, Sendable, Codable {
    /// One class index (`int32`) for a row of logits: outputs `[…, classes]`, targets `[…]`.
    case labels
    /// One `float32` for each output; a model of one output `[1]` has targets without that axis.
    case values
  }

  /// The name and settings, as ``named(_:)`` reads them.
  public let name: String
  public let target: Target
  private let elements: @Sendable (_ predictions: Tensor, _ targets: Tensor) -> Tensor

  /// - Parameter elements: the loss of each target: a tensor of the shape of the targets. An example's loss is the
  ///   mean of its elements.
  public init(
    _ name: String, target: Target,
    elements: @escaping @Sendable (_ predictions: Tensor, _ targets: Tensor) -> Tensor
  ) {
    self.name = name
    self.target = target
    self.elements = elements
  }

  /// The loss of each example, `[batch]`.
  ///
  /// - Parameters:
  ///   - predictions: `[batch, …]`, as ``predictions(of:)`` gives them.
  ///   - targets: `[batch, …]`, of ``targetType(output:)`` each.
  public func callAsFunction(_ predictions: Tensor, _ targets: Tensor) -> Tensor {
    let each = elements(predictions, targets)
    guard each.error == nil, each.shape == targets.shape else {
      return each.error != nil
        ? each
        : .invalid(
          FluxionError(
            .shapeMismatch, "loss \(name) has shape \(each.shape) for targets of shape \(targets.shape); they are equal"
          ))
    }
    return each.shape.rank <= 1 ? each : each.mean(axes: Array(1..<each.shape.rank))
  }

  /// The type of one example's target for a model's output shape, both without the batch axis.
  ///
  /// - Throws: ``FluxionError/Code/shapeMismatch`` if the loss cannot take such an output.
  public func targetType(output: Shape) throws -> TensorType {
    switch target {
    case .labels:
      guard let classes = output.last, classes >= 2 else {
        throw FluxionError(
          .shapeMismatch, "loss \(name) needs a model with one output a class, at least 2; its output is \(output)")
      }
      return TensorType(Shape(Array(output.dimensions.dropLast())), .int32)
    case .values:
      guard output.count > 0 else {
        throw FluxionError(.shapeMismatch, "loss \(name) needs a model with an output; its output is \(output)")
      }
      return TensorType(output == [1] ? .scalar : output)
    }
  }

  /// A model's output as the predictions to be compared: for values, without an axis of one output.
  func predictions(of output: Tensor) -> Tensor {
    guard target == .values, output.shape.rank == 2, output.shape[1] == 1 else { return output }
    return output.reshaped(to: [output.shape[0]])
  }
}

extension Loss: Hashable {
  /// Losses are told apart by name.
  public static func == (a: Loss, b: Loss) -> Bool { a.name == b.name && a.target == b.target }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Loss: CustomStringConvertible {
  public var description: String { name }
}
