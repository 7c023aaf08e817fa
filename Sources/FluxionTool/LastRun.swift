import Fluxion
import FluxionCommand
import Foundation

/// What a run has left on the disk, for those who ask when no server answers.
struct LastRun: Equatable {
  /// On record: a run goes on after them.
  var rounds: Int
  var isFinished: Bool
  /// Of the latest round in `run.json` that has them.
  var accuracy: Double?
  var loss: Double?
  /// Why the run ended, in a sentence.
  var end: String?

  init(rounds: Int, isFinished: Bool, accuracy: Double? = nil, loss: Double? = nil, end: String? = nil) {
    (self.rounds, self.isFinished) = (rounds, isFinished)
    (self.accuracy, self.loss, self.end) = (accuracy, loss, end)
  }

  /// nil for a folder that no run was begun in.
  ///
  /// - Parameter output: where `run.json` is; nil for the state folder itself.
  /// - Throws: ``FluxionError`` for a journal that cannot be read.
  init?(state: URL, output: URL?) throws {
    guard let facts = try StoreFacts(of: state) else { return nil }
    self.init(rounds: facts.rounds, isFinished: facts.isFinished)
    let file = (output ?? state).appending(path: "run.json")
    // The journal is what counts: without that file, or with a damaged one, a run goes on all the same.
    guard let data = try? Data(contentsOf: file), let record = try? RunRecord(decoding: data) else { return }
    let known = record.rounds.last { $0.testLoss != nil }
    (accuracy, loss) = (known?.testAccuracy, known?.testLoss)
    end = record.stop?.message
  }

  /// `12 rounds are on record, the last with accuracy 93.10%, loss 0.2312`
  var sentence: String {
    guard rounds > 0 else { return "no round is on record yet" }
    let figures = [accuracy.map { "accuracy \(Figures.percent($0))" }, loss.map { "loss \(Figures.loss($0))" }]
      .compactMap { $0 }
    return (rounds == 1 ? "1 round is on record" : "\(Figures.count(rounds)) rounds are on record")
      + (figures.isEmpty ? "" : ", \(figures.joined(separator: ", "))")
      + (isFinished ? "; the run is finished" : "")
  }

  var json: JSONValue {
    [
      "rounds": JSONValue(rounds), "isFinished": .bool(isFinished), "accuracy": JSONValue(accuracy),
      "loss": JSONValue(loss), "end": JSONValue(end),
    ]
  }
}
