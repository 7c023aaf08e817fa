/// How the parties of a round agree and how curved the federation's loss is, at the global model that the round began
/// with.
///
/// What each figure means and how to read it is in `docs/analysis.md`. A figure that does not exist, or that left the
/// finite numbers, is nil.
public struct RoundAnalysis: Codable, Sendable, Equatable {
  /// How many parties the round selected; more than ``parties`` where there were too many to analyse.
  public var cohort: Int
  /// What was found of each analysed party, ascending by party.
  public var parties: [PartyAnalysis]
  /// How the parties' gradients agree; its rows are in the order of ``parties``.
  public var gradients: Agreement
  /// How the parties' updates agree; nil where clients do not train or their updates are not kept.
  public var updates: Agreement?
  /// The noise scale of the federation's gradient: of samples drawn from all analysed parties together.
  public var noise: GradientNoiseScale?
  /// The curvature of the federation's loss.
  public var hessian: HessianAnalysis?
  /// The parties whose update (gradient where there are no updates) disagrees with the rest, by the rule of
  /// ``Agreement/outliers``.
  public var disagreeing: [Int]

  public init(
    cohort: Int, parties: [PartyAnalysis], gradients: Agreement, updates: Agreement? = nil,
    noise: GradientNoiseScale? = nil, hessian: HessianAnalysis? = nil
  ) {
    self.cohort = cohort
    self.parties = parties
    self.gradients = gradients
    self.updates = updates
    self.noise = noise
    self.hessian = hessian
    disagreeing = (updates ?? gradients).outliers.map { parties[$0].party }
  }
}

/// One party in an analysed round.
public struct PartyAnalysis: Codable, Sendable, Equatable {
  /// The party's index in the partition, from 0.
  public var party: Int
  /// How many of its samples loss and gradient were taken over.
  public var samples: Int
  /// The mean loss `L_k(w_t)` of the global model that the round began with.
  public var loss: Double?
  /// `‖∇L_k(w_t)‖`
  public var gradientNorm: Double?
  /// `‖w_k − w_t‖`, of the update as it reached the server.
  public var updateNorm: Double?
  /// `‖w_k − w_{t+1}‖`: how far the party ended from the new global model.
  public var drift: Double?
  /// The noise scale of the party's own gradient; nil for too few samples.
  public var noise: GradientNoiseScale?
  /// The mean cosine of its gradient with the gradients of the others.
  public var gradientCosine: Double?
  /// The mean cosine of its update with the updates of the others.
  public var updateCosine: Double?

  public init(party: Int, samples: Int) {
    self.party = party
    self.samples = samples
  }
}

/// The curvature of the federation's loss at the global model that a round began with.
public struct HessianAnalysis: Codable, Sendable, Equatable {
  /// How many samples of all parties stand for the federation.
  public var samples: Int
  /// The largest eigenvalue, by the Lanczos iteration.
  public var topEigenvalue: Double?
  /// The bound on its error that the iteration gives.
  public var eigenvalueError: Double?
  /// The Hessian-vector products that it took.
  public var lanczosSteps: Int
  /// The trace, by Hutchinson's estimator.
  public var trace: Double?
  /// The standard error of ``trace``; nil for fewer than two probes.
  public var traceError: Double?

  public init(samples: Int, eigenvalue: Lanczos.Estimate?, trace: Hutchinson.Estimate?) {
    self.samples = samples
    topEigenvalue = eigenvalue?.value.finite
    eigenvalueError = eigenvalue?.error.finite
    lanczosSteps = eigenvalue?.steps ?? 0
    self.trace = trace?.value.finite
    traceError = trace?.standardError?.finite
  }
}

extension Double {
  /// Itself, or nil if it is not finite.
  package var finite: Double? { isFinite ? self : nil }
}
