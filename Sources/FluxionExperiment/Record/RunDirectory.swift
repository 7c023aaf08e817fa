import FluxionCalculus
public import FluxionCoordination
public import Foundation

/// The directory that a run's results go to, kept up to date while the run goes on: whatever ends the run, every
/// finished round is in `metrics.csv`, and `run.json` is a whole file not much older.
///
/// `metrics.csv` grows by a line a round. `run.json` is replaced as a whole, at most once a second and not so often
/// that writing takes a twentieth of the time.
///
/// ```swift
/// let directory = try RunDirectory(at: URL(filePath: "out"), record: record)  // before any training
/// for try await round in run { try directory.append(round) }
/// directory.record.stop = .init(.rounds)
/// try directory.write(model.encoded(), as: "model.safetensors")
/// try directory.finish()
/// ```
public final class RunDirectory {
  public let url: URL
  /// What `run.json` will say; set its parts at any time, they are written with the next round or at the end.
  public var record: RunRecord

  /// The files of an earlier run that must not lie beside those of a new one.
  static let staleNames = ["report.html", "model.safetensors", "run.json"]

  private let metrics: FileHandle
  private let now: () -> Duration
  /// The rounds as they stand in `run.json`, so that each is formatted once.
  private var roundsText: [UInt8] = []
  private var nextWrite: Duration

  /// Makes the directory if it is not there, takes away what an earlier run left in it, and begins both files.
  ///
  /// - Parameter now: a clock that only goes forward.
  /// - Throws: ``FluxionError/Code/cannotWrite`` if there cannot be such a directory or nothing can be written to it.
  public convenience init(at url: URL, record: RunRecord) throws {
    let clock = ContinuousClock()
    let start = clock.now
    try self.init(at: url, record: record, now: { start.duration(to: clock.now) })
  }

  init(at url: URL, record: RunRecord, now: @escaping () -> Duration) throws {
    self.url = url
    self.record = record
    self.now = now
    nextWrite = now()
    let files = FileManager.default
    try OutputFiles.makeDirectory(url)
    do {
      for name in Self.staleNames where files.fileExists(atPath: url.appending(path: name).path) {
        try files.removeItem(at: url.appending(path: name))
      }
      let csv = url.appending(path: "metrics.csv")
      // As a whole, since it may take the place of a file with these lines in it.
      let lines = [RoundRecord.csvHeader] + record.rounds.map(\.csvLine)
      try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: csv, options: .atomic)
      metrics = try FileHandle(forWritingTo: csv)
      try metrics.seekToEnd()
    } catch {
      throw OutputFiles.unwritable(url, cause: error)
    }
    for round in record.rounds { appendText(of: round) }
    try writeRecord()
  }

  deinit { try? metrics.close() }

  /// Adds a round to the record and to the files.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``, for example when the disk is full.
  public func append(_ round: RoundRecord) throws {
    record.rounds.append(round)
    try appendLine(of: round)
    if now() >= nextWrite { try writeRecord() }
  }

  /// Writes another result beside the record, as a whole or not at all.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  public func write(_ data: Data, as name: String) throws {
    try OutputFiles.write(data, to: url.appending(path: name))
  }

  /// Writes the record as it is now. To be called at the end, however the run ended; more than once does no harm.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  public func finish() throws { try writeRecord() }

  private func appendText(of round: RoundRecord) {
    if !roundsText.isEmpty { roundsText.append(contentsOf: ",\n".utf8) }
    roundsText.append(contentsOf: "    ".utf8)
    JSONValue(round).write(to: &roundsText, depth: 2)
  }

  private func appendLine(of round: RoundRecord) throws {
    appendText(of: round)
    do {
      try metrics.write(contentsOf: Data((round.csvLine + "\n").utf8))
    } catch {
      throw FluxionError(
        .cannotWrite, "\(url.appending(path: "metrics.csv").path) cannot be written; check the space on the disk",
        cause: error)
    }
  }

  private func writeRecord() throws {
    let start = now()
    var bytes = Array("{\n".utf8)
    for member in record.headMembers {
      bytes.append(contentsOf: "  \(JSONValue.string(member.name).line): ".utf8)
      member.value.write(to: &bytes, depth: 1)
      bytes.append(contentsOf: ",\n".utf8)
    }
    bytes.append(contentsOf: "  \"rounds\": [\(roundsText.isEmpty ? "" : "\n")".utf8)
    bytes.append(contentsOf: roundsText)
    bytes.append(contentsOf: "\(roundsText.isEmpty ? "" : "\n  ")]\n}\n".utf8)
    try write(Data(bytes), as: "run.json")
    let end = now()
    nextWrite = end + max(.seconds(1), (end - start) * 20)
  }
}
