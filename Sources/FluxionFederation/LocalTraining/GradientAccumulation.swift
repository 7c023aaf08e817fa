package import FluxionCalculus
package import FluxionLearning

/// Sums gradients instead of following them: after a sweep over all batches the state is the gradient of the mean loss
/// over all examples, and the parameters are where they were.
///
/// With `share` the negative of the batch's part of all examples, the state moves as `a ← a − share · g`, the form that
/// the compiler fuses into the gradient's own product.
package struct GradientAccumulation: GradientTransform {
  package init() {}

  /// Examples whose gradient is taken at once; bounds the memory of a client with many.
  package static let chunk = 256

  /// Local work that finds a gradient; `chunk` examples at a time bounds the memory.
  package static func training(chunk: Int, objective: Objective) -> LocalTraining {
    LocalTraining(
      Optimizer("gradient", chain(GradientAccumulation())), epochs: 1, batchSize: chunk, objective: objective)
  }

  package var hyperparameters: [Hyperparameter] { [Hyperparameter("negativeShare", -1)] }

  package func initialState(for parameters: [Program.Input]) -> [StateSpec] { StateSpec.like(parameters, "gradient") }

  package func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    (
      parameters.map { .zeros($0.shape) },
      zip(state, gradients).map { $0 - hyper["negativeShare"] * $1 }
    )
  }
}
