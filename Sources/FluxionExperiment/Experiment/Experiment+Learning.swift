import FluxionCalculus
import FluxionData
import FluxionFederation
import FluxionLearning

extension Experiment {
  /// Model, loss and metrics for the data: softmax cross-entropy and accuracy for classes, the mean squared error and its
  /// root for values.
  ///
  /// - Throws: `.invalidConfiguration` for a model that the data cannot feed.
  func task(for dataset: Dataset) throws -> LearningTask {
    let outputs = dataset.classCount ?? 1
    if dataset.classCount == 1 {
      throw FluxionError(
        .invalidConfiguration, "\"\(dataset.name)\" has a single class; there must be at least 2 to tell apart")
    }
    let model: Model
    switch self.model ?? .linear {
    case .linear: model = .linear(outputs: outputs)
    case .logistic:
      guard dataset.classCount != nil else {
        throw FluxionError(
          .invalidConfiguration,
          "model logistic tells classes apart, but \"\(dataset.name)\" has values to predict; use linear or mlp:200,200"
        )
      }
      model = .logistic(classes: outputs)
    case .mlp(let hidden): model = .mlp(hidden: hidden, classes: outputs)
    case .cnn:
      guard dataset.exampleShape.rank == 3 else {
        throw FluxionError(
          .invalidConfiguration,
          "model cnn looks at images, but \"\(dataset.name)\" is a table; use logistic, linear or mlp:200,200")
      }
      model = .cnn(classes: outputs)
    case .layers(let text): model = try ModelSpecification(text).model()
    }
    let task =
      dataset.classCount == nil
      ? LearningTask(model, loss: .meanSquaredError, metrics: [.rmse])
      : LearningTask(model, loss: .softmaxCrossEntropy, metrics: [.accuracy])
    _ = try task.targetType(input: dataset.exampleShape)
    return task
  }

  /// What steps are taken with; its weight decay included.
  ///
  /// - Throws: `.invalidArgument` for a number outside its bounds.
  func localOptimizer() throws -> Optimizer {
    let (rate, momentum) = (Float(learningRate ?? 0.05), Float(self.momentum))
    let plain: Optimizer =
      switch optimizer {
      case .sgd: .sgd(learningRate: rate)
      case .gradientDescent: .gradientDescent(learningRate: rate)
      case .momentum: .momentum(learningRate: rate, momentum: momentum)
      case .nesterov: .nesterov(learningRate: rate, momentum: momentum)
      case .adam: .adam(learningRate: rate)
      case .adamw: .adamW(learningRate: rate)
      case .rmsprop: .rmsProp(learningRate: rate)
      case .adagrad: .adagrad(learningRate: rate)
      case .adamsBashforth: .adamsBashforth(learningRate: rate)
      }
    let optimizer = plain.with(weightDecay: weightDecay.map { Float($0) })
    try optimizer.validate()
    return optimizer
  }

  /// - Throws: as ``localOptimizer()``.
  func federatedAveraging(server: ServerOptimizer = .averaging) throws -> FederatedAveraging {
    FederatedAveraging(
      local: try localTraining(), weighting: weighting.rule, aggregator: try aggregator.aggregator(), server: server)
  }

  /// - Throws: as ``localOptimizer()``.
  func tunedAveraging(_ tune: TuneChoice, _ task: LearningTask, _ partition: Partition) throws -> TunedAveraging {
    // A step of rate 1 along the mean change is averaging, and has a rate to tune.
    let tunesServer = tune.hyperparameters.contains(.serverLearningRate)
    let averaging = try federatedAveraging(server: tunesServer ? ServerOptimizer(.sgd(learningRate: 1)) : .averaging)
    guard tuneMode == .server, let examples = partition.validation else {
      return TunedAveraging(averaging, Tuning(tune.hyperparameters, mode: tuneMode))
    }
    let gradient = try LossGradient(task, examples)
    return TunedAveraging(
      averaging, Tuning(tune.hyperparameters, mode: tuneMode), serverLoss: { try gradient(at: $0.values) })
  }

  /// - Throws: as ``localOptimizer()``.
  func differentiableAveraging() throws -> DifferentiableAveraging {
    DifferentiableAveraging(
      local: try localTraining(), weighting: weighting.rule, aggregator: try aggregator.aggregator(),
      rate: Float(aggregationRate ?? learningRate ?? 0.05))
  }

  /// - Throws: as ``localOptimizer()``, and for a validation set that nothing can be learnt from.
  func learnedWeighting(_ partition: Partition, _ task: LearningTask) throws -> LearnedWeighting {
    let local = try localTraining()
    guard let examples = partition.validation else { return LearnedWeighting(local: local, validation: .parties) }
    return LearnedWeighting(local: local, validation: .server(try LossGradient(task, examples)))
  }

  private func localTraining() throws -> LocalTraining {
    let objective = (proximal ?? 0) > 0 ? Objective.proximal(Float(proximal ?? 0)) : Objective()
    return LocalTraining(
      try localOptimizer(), epochs: epochs, batchSize: batchSize, objective: objective, schedule: schedule)
  }

  /// The optimiser is the server's, and takes one step a round along the mean gradient.
  ///
  /// - Throws: as ``localOptimizer()``.
  func federatedSGD() throws -> FederatedSGD {
    FederatedSGD(server: ServerOptimizer(try localOptimizer()), weighting: weighting.rule)
  }
}
