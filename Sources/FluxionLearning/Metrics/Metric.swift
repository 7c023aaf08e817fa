import FluxionCalculus

/// A number that says how good predictions are, for people to read; training does not use it.
///
/// Predictions are rows: of one logit a class, or of a single number each.
public enum Metric: String, Hashable, Sendable, Codable, CaseIterable {
  /// The share of rows whose first largest logit (or, for one logit, whether it is above 0) is the label.
  case accuracy
  /// The mean loss of the examples.
  case loss
  /// `√(Σ (p − t)²/n)` over all numbers.
  case rmse
  /// The area under the ROC curve, the chance that a positive scores above a negative, a tie counting one half (Hanley
  /// and McNeil 1982, Radiology 143). For two classes or one logit.
  case auc
  /// `2 tp/(2 tp + fp + fn)` for class 1, 0 where that is 0/0 (van Rijsbergen 1979).
  case f1Binary = "f1-binary"
  /// The unweighted mean of F1 over all classes.
  case f1Macro = "f1-macro"

  /// The metric of a name.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known one.
  public static func named(_ text: String) throws -> Metric {
    guard let metric = Metric(rawValue: text) else {
      throw FluxionError(.invalidConfiguration, unknownName(text, "metric", among: allCases.map(\.rawValue)))
    }
    return metric
  }

  /// Whether more of it is better.
  public var isLargerBetter: Bool { self != .loss && self != .rmse }
}

/// A metric's value; nil where there is none, as the accuracy of no examples.
public struct MetricValue: Hashable, Sendable, Codable {
  public var metric: Metric
  public var value: Double?

  public init(_ metric: Metric, _ value: Double?) {
    self.metric = metric
    self.value = value
  }
}
