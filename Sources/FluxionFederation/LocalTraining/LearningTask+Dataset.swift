import FluxionCalculus
package import FluxionData
package import FluxionLearning

extension LearningTask {
  /// Refuses data that the task cannot learn from; kernels rely on labels within the model's classes.
  ///
  /// - Throws: ``FluxionError/Code/shapeMismatch`` that says what does not fit.
  package func requireFit(_ dataset: Dataset) throws {
    let target = try targetType(input: dataset.exampleShape)
    guard target.shape == .scalar else {
      throw FluxionError(
        .shapeMismatch,
        "dataset \"\(dataset.name)\" has one target an example; loss \(loss) of this model wants \(target.shape)")
    }
    guard inputElement == .float32 else {
      throw FluxionError(
        .unsupported, "batches are made of float32; the task asks for \(inputElement), which only programs convert")
    }
    switch (loss.target, dataset.targets) {
    case (.labels, .classes(_, let classCount, _)):
      let outputs = try predictionShape(input: dataset.exampleShape).last ?? 0
      guard outputs >= classCount else {
        throw FluxionError(
          .shapeMismatch,
          "dataset \"\(dataset.name)\" has \(classCount) classes; the model has outputs for \(outputs)")
      }
    case (.labels, .values):
      throw FluxionError(
        .shapeMismatch, "loss \(loss) needs classes; dataset \"\(dataset.name)\" has numbers as targets")
    case (.values, _): break
    }
  }
}
