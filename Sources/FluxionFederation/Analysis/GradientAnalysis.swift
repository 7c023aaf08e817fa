import FluxionCalculus

/// Which rounds are analysed and how thoroughly: the settings of a ``RoundAnalysis``.
///
/// ```swift
/// let configuration = SimulationConfiguration(analysis: GradientAnalysis(every: 5))
/// for try await round in Simulation(task, algorithm, parties, configuration).rounds(20) {
///   if let analysis = round.analysis { print(round.round, analysis.hessian?.topEigenvalue ?? 0) }
/// }
/// ```
public struct GradientAnalysis: Hashable, Sendable {
  /// The first round, every so many after it, and the last of the rounds asked for are analysed.
  public var every: Int
  /// At most so many of a party's samples, the same ones in every round, stand for all of them in its gradient.
  public var gradientSamples: Int
  /// So many samples of all parties together, of each in proportion to its data and at least one, stand for the
  /// federation in the Hessian.
  public var hessianSamples: Int
  /// The Lanczos iteration takes at most so many Hessian-vector products; 0 leaves the top eigenvalue out.
  public var lanczosSteps: Int
  /// It ends when the eigenvalue's residual is this part of it.
  public var lanczosTolerance: Double
  /// How many random probes, a Hessian-vector product each, estimate the trace; 0 leaves the trace out.
  public var traceProbes: Int

  /// Of larger cohorts so many parties, drawn anew in every round, are analysed, by their gradients alone: the updates of
  /// all would have to be kept in memory.
  public static let maximumParties = 100

  public init(
    every: Int = 1, gradientSamples: Int = 1024, hessianSamples: Int = 256, lanczosSteps: Int = 12,
    lanczosTolerance: Double = 0.01, traceProbes: Int = 12
  ) {
    self.every = every
    self.gradientSamples = gradientSamples
    self.hessianSamples = hessianSamples
    self.lanczosSteps = lanczosSteps
    self.lanczosTolerance = lanczosTolerance
    self.traceProbes = traceProbes
  }

  /// Whether a round, counted from 1, is analysed in a run of at most so many rounds.
  package func isDue(round: Int, of rounds: Int) -> Bool { (round - 1) % every == 0 || round == rounds }

  /// - Throws: ``FluxionError/Code/invalidArgument`` that names a setting that cannot hold.
  package func validate() throws {
    func require(_ name: String, _ value: Int, atLeast least: Int) throws {
      guard value >= least else {
        throw FluxionError(.invalidArgument, "\(name) of an analysis is at least \(least); it was given \(value)")
      }
    }
    try require("every", every, atLeast: 1)
    try require("gradientSamples", gradientSamples, atLeast: 1)
    try require("hessianSamples", hessianSamples, atLeast: 1)
    try require("lanczosSteps", lanczosSteps, atLeast: 0)
    try require("traceProbes", traceProbes, atLeast: 0)
    guard lanczosTolerance > 0, lanczosTolerance < 1 else {
      throw FluxionError(
        .invalidArgument, "lanczosTolerance of an analysis lies between 0 and 1; it was given \(lanczosTolerance)")
    }
  }
}
