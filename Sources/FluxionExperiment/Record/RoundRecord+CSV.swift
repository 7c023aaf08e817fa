public import FluxionCoordination

extension RoundRecord {
  /// The names of the columns of `metrics.csv`.
  public static let csvHeader =
    "round,testAccuracy,testLoss,trainLoss,seconds,evaluationSeconds,bytesUp,bytesDown"

  /// The round's line of `metrics.csv`; nothing between the commas where there was no evaluation.
  public var csvLine: String {
    func field(_ value: Double?) -> String { value.map(\.description) ?? "" }
    return [
      String(round), field(testAccuracy), field(testLoss), field(trainLoss), field(seconds), field(evaluationSeconds),
      String(bytesUp), String(bytesDown),
    ].joined(separator: ",")
  }
}
