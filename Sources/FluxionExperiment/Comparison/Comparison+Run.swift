import FluxionCalculus
public import Foundation

extension Comparison {
  /// One of the runs of a comparison.
  public struct Run: Sendable {
    /// From 1.
    public var number: Int
    public var count: Int
    public var variant: Variant
    public var seed: UInt64
  }

  /// What happens while a comparison runs.
  public enum Event: Sendable {
    /// Everything is checked and the output directory there; the runs begin.
    case began(ComparisonRecord, directory: URL)
    /// A run begins.
    case run(Run)
    /// Of the run that is under way.
    case experiment(Experiment.Event)
    /// A run is over and on record.
    ///
    /// - Parameter isNew: Whether it was run now, and not taken from what an earlier comparison left.
    case finished(Run, ComparisonRecord.Run, isNew: Bool)
  }

  /// What a comparison left.
  public struct Outcome: Sendable {
    public var directory: URL
    public var record: ComparisonRecord
  }

  /// Runs every variant with every seed, and leaves `compare.json`, `comparison.html`, `comparison.md` with its
  /// `charts`, and a directory a run in the output directory, all of them up to date after each run.
  ///
  /// A run that is finished in the output directory is taken from there, so an interrupted comparison goes on where it
  /// was; one that was interrupted itself begins anew. A run that diverges is on record as such, and the comparison goes
  /// on.
  ///
  /// - Parameters:
  ///   - command: the command line that makes the same comparison, for the record.
  ///   - reporting: called as things happen; what it throws ends the comparison.
  /// - Throws: ``FluxionError`` before any training for data, settings or an output directory that cannot be used, and
  ///   where the output directory holds a finished run of another configuration; `CancellationError`.
  public func run(
    command: String? = nil, reporting: (Event) throws -> Void = { _ in }
  ) async throws -> Outcome {
    try validate()
    var run = try ComparisonRun(self, command: command)
    return try await run(reporting)
  }
}
