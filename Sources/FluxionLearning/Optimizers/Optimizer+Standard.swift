import FluxionCalculus

extension Optimizer {
  /// `w ← w − η g`, on a batch at a time (Robbins and Monro 1951).
  public static func sgd(learningRate: Float) -> Optimizer {
    Optimizer("sgd", chain(ScaleByLearningRate(learningRate)))
  }

  /// `w ← w − η g`, as ``sgd(learningRate:)``; the name for batches that are the whole of a client's data
  /// (Cauchy 1847).
  public static func gradientDescent(learningRate: Float) -> Optimizer {
    Optimizer("gradient-descent", chain(ScaleByLearningRate(learningRate)))
  }

  /// Heavy-ball momentum: ``Momentum``.
  public static func momentum(learningRate: Float, momentum: Float = 0.9) -> Optimizer {
    Optimizer("momentum", chain(Momentum(momentum), ScaleByLearningRate(learningRate)))
  }

  /// Nesterov's momentum: ``Momentum``.
  public static func nesterov(learningRate: Float, momentum: Float = 0.9) -> Optimizer {
    Optimizer("nesterov", chain(Momentum(momentum, nesterov: true), ScaleByLearningRate(learningRate)))
  }

  /// Adam: ``ScaleByAdam``.
  public static func adam(
    learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8
  ) -> Optimizer {
    Optimizer(
      "adam",
      chain(ScaleByAdam(beta1: beta1, beta2: beta2, epsilon: epsilon), ScaleByLearningRate(learningRate)))
  }

  /// Adam with decoupled weight decay, `w ← w − η (u + λ w)`: ``AddWeightDecay`` after ``ScaleByAdam``.
  public static func adamW(
    learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
    weightDecay: Float = 0.01
  ) -> Optimizer {
    Optimizer(
      "adamw",
      chain(
        ScaleByAdam(beta1: beta1, beta2: beta2, epsilon: epsilon), AddWeightDecay(weightDecay),
        ScaleByLearningRate(learningRate)))
  }

  /// Adam with Yogi's second moment, which grows no faster than gradients do: ``ScaleByAdam``.
  public static func yogi(
    learningRate: Float = 1e-2, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-3
  ) -> Optimizer {
    Optimizer(
      "yogi",
      chain(
        ScaleByAdam(beta1: beta1, beta2: beta2, epsilon: epsilon, yogi: true, initialSecondMoment: 1e-6),
        ScaleByLearningRate(learningRate)))
  }

  /// RMSProp, with momentum after it unless that is nil: ``ScaleByRMSProp``.
  public static func rmsProp(
    learningRate: Float = 1e-2, decay: Float = 0.99, epsilon: Float = 1e-8, momentum: Float? = nil
  ) -> Optimizer {
    let scale = ScaleByRMSProp(decay: decay, epsilon: epsilon)
    guard let momentum else { return Optimizer("rmsprop", chain(scale, ScaleByLearningRate(learningRate))) }
    return Optimizer("rmsprop", chain(scale, Momentum(momentum), ScaleByLearningRate(learningRate)))
  }

  /// Adagrad: ``ScaleByAdagrad``.
  public static func adagrad(
    learningRate: Float = 1e-2, epsilon: Float = 1e-10, initialAccumulator: Float = 0
  ) -> Optimizer {
    Optimizer(
      "adagrad",
      chain(
        ScaleByAdagrad(epsilon: epsilon, initialAccumulator: initialAccumulator), ScaleByLearningRate(learningRate)))
  }

  /// The two-step Adams–Bashforth method: ``AdamsBashforth``.
  public static func adamsBashforth(learningRate: Float) -> Optimizer {
    Optimizer("adams-bashforth", chain(AdamsBashforth(), ScaleByLearningRate(learningRate)))
  }

  /// The same optimiser on gradients that are first clipped, then penalised.
  ///
  /// The order is that of PyTorch's training loops: clip by value, clip by norm, then the penalties, then the optimiser
  /// itself. What is nil, or a penalty of 0, adds no instruction. An optimiser that has a weight decay already, such as
  /// ``adamW(learningRate:beta1:beta2:epsilon:weightDecay:)``, keeps its place and gets the value.
  ///
  /// - Parameters:
  ///   - weightDecay: λ of the penalty `λ/2 ‖w‖²`.
  ///   - l1: λ of the penalty `λ ‖w‖₁`.
  ///   - clipNorm: the largest Euclidean norm of all gradients together.
  ///   - clipValue: the largest magnitude of an element.
  public func with(
    weightDecay: Float? = nil, l1: Float? = nil, clipNorm: Float? = nil, clipValue: Float? = nil
  ) -> Optimizer {
    let ownDecay = weightDecay != nil && self["weightDecay"] != nil
    var transforms: [any GradientTransform] = []
    if let clipValue { transforms.append(ClipByValue(clipValue)) }
    if let clipNorm { transforms.append(ClipByGlobalNorm(clipNorm)) }
    if let weightDecay, weightDecay != 0, !ownDecay { transforms.append(AddWeightDecay(weightDecay)) }
    if let l1, l1 != 0 { transforms.append(AddL1Penalty(l1)) }
    var values = hyperparameters
    if ownDecay, let weightDecay, let index = values.firstIndex(where: { $0.name == "weightDecay" }) {
      values[index].value = weightDecay
    }
    return Optimizer(name, Chain(transforms + transform.transforms), values: values)
  }
}
