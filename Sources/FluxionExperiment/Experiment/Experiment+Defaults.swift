import FluxionCalculus
import FluxionData

extension Experiment {
  /// What is taken for settings that are left nil.
  ///
  /// | | images | tables of classes | tables of values | synthetic-linear |
  /// |---|---|---|---|---|
  /// | parties | 10 | 10 | 10 | 100, each of 10 samples |
  /// | partition | `shards:2` | `iid` | `iid` | `iid` |
  /// | model | `cnn` | `logistic` | `linear` | `linear` |
  /// | rounds | 20; 10 for 10,000 images or more | 20 | 20 | 20 |
  /// | learning rate | 0.05 | 0.1 | 0.1 | 0.1 |
  ///
  /// With `partition` a column, its values say how many parties there are. The learning rate of adam, adamw and rmsprop
  /// is 0.001 and that of adagrad 0.01, whatever the data.
  public enum Defaults {
    public static let parties = 10
    public static let syntheticParties = 100
    public static let rounds = 20
    public static let roundsOfLargeImageSets = 10
    static let largeImageSet = 10_000
  }

  /// Whether something is to be judged on samples that nobody trains on.
  private var needsValidation: Bool { weighting == .learned }

  /// The experiment with everything filled in that follows from the data.
  func filled(for train: DatasetView) -> Experiment {
    let isImages = train.dataset.exampleShape.rank == 3
    var filled = self
    if filled.partition == nil { filled.partition = isImages ? .shards(perParty: 2) : .iid }
    if filled.parties == nil {
      if case .column = filled.partition {
      } else {
        filled.parties = data == .syntheticLinear ? Defaults.syntheticParties : Defaults.parties
      }
    }
    if filled.model == nil {
      filled.model = isImages ? .cnn : train.dataset.classCount == nil ? .linear : .logistic
    }
    if filled.rounds == nil {
      let isLarge = isImages && train.count >= Defaults.largeImageSet
      filled.rounds = isLarge ? Defaults.roundsOfLargeImageSets : Defaults.rounds
    }
    if filled.learningRate == nil {
      filled.learningRate =
        switch optimizer {
        case .adam, .adamw, .rmsprop: 0.001
        case .adagrad: 0.01
        default: isImages ? 0.05 : 0.1
        }
    }
    if filled.validation == nil, needsValidation { filled.validation = .parties(0.1) }
    // Both see all of a party's samples at once.
    if optimizer == .gradientDescent || algorithm == .federatedSGD { filled.batchSize = nil }
    if filled.aggregationRate == nil, algorithm == .differentiableAveraging {
      filled.aggregationRate = filled.learningRate
    }
    return filled
  }
}
