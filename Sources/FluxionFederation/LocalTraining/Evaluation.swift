public import FluxionLearning

/// How good a model is on some examples.
public struct Evaluation: Codable, Hashable, Sendable {
  /// The mean loss.
  public var loss: Double?
  /// The task's metrics, in its order.
  public var metrics: [MetricValue]
  /// How many examples it was evaluated on.
  public var examples: Int

  public init(loss: Double? = nil, metrics: [MetricValue] = [], examples: Int = 0) {
    self.loss = loss
    self.metrics = metrics
    self.examples = examples
  }

  /// The accuracy, if it is among the metrics.
  public var accuracy: Double? { self[.accuracy] }

  /// The value of a metric, if it was asked for and there is one.
  public subscript(metric: Metric) -> Double? { metrics.first { $0.metric == metric }?.value }

  /// The metrics that have a value, by name.
  public var values: [String: Double] {
    Dictionary(metrics.compactMap { entry in entry.value.map { (entry.metric.rawValue, $0) } }) { first, _ in first }
  }
}
