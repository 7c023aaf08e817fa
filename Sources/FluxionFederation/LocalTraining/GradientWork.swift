package import FluxionData

/// The gradient that clients of a round send behind their update, compiled.
package struct GradientWork: Sendable {
  let request: ClientGradient
  let trainer: LocalTrainer
  /// The examples of a client that the gradient is of.
  let examples: @Sendable (_ client: Int) -> DatasetView

  package init(
    request: ClientGradient, trainer: LocalTrainer, examples: @escaping @Sendable (_ client: Int) -> DatasetView
  ) {
    self.request = request
    self.trainer = trainer
    self.examples = examples
  }
}
