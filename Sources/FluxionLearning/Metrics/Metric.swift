/// A number that says how good predictions are, for people to read; training does not use it.
public enum Metric: String, Hashable, Sendable, Codable, CaseIterable {
  /// The share of examples whose largest logit (or, for one logit, its sign) is at the label.
  case accuracy
  /// The mean loss.
  case loss
}
