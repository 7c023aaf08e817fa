import FluxionCalculus

/// What metrics need of the predictions seen so far: counts, sums, and scores where ranks are needed.
///
/// Batches are added on any thread to accumulators of their own; ``merge(_:)`` in a fixed order (of batches, of parties)
/// then gives the same bits however many threads there were.
///
/// ```swift
/// var total = try task.metricAccumulator(input: [28, 28, 1])
/// try total.add(predictions: logits, labels: labels, losses: losses)
/// total.values  // [accuracy 0.97]
/// ```
public struct MetricAccumulator: Hashable, Sendable, Codable {
  public let metrics: [Metric]
  /// Predictions a row: the number of classes, or 1.
  public let width: Int

  /// Examples, each with one loss.
  public private(set) var exampleCount = 0
  /// Rows, each with one target.
  public private(set) var rowCount = 0
  private var lossSum = 0.0
  private var correct = 0
  private var squaredErrorSum = 0.0
  private var confusion: ClassCounts
  private var ranking = Ranking()

  /// - Parameters:
  ///   - width: predictions a row; 1 for regression and for a single logit.
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` for a metric that rows of this width do not have.
  public init(_ metrics: [Metric], width: Int) throws {
    guard (1...(1 << 24)).contains(width) else {
      throw FluxionError(
        .invalidArgument, "metrics need from 1 to 2²⁴ predictions a row; they were given \(width)")
    }
    for metric in metrics where width > 2 && (metric == .auc || metric == .f1Binary) {
      throw FluxionError(
        .invalidConfiguration,
        "metric \(metric.rawValue) is of two classes; the model has \(width)"
          + (metric == .f1Binary ? " (f1-macro is of any number)" : ""))
    }
    if width > 1, metrics.contains(.rmse) {
      throw FluxionError(.invalidConfiguration, "metric rmse compares numbers; the model predicts \(width) classes")
    }
    self.metrics = metrics
    self.width = width
    confusion = ClassCounts(classes: metrics.contains { $0 == .f1Binary || $0 == .f1Macro } ? max(width, 2) : 0)
  }

  /// Adds predictions of classes.
  ///
  /// - Parameters:
  ///   - predictions: `[rows, width]`; more than the labels need are ignored, as a padded batch has.
  ///   - labels: `[rows]`; one that is no class is counted as missed.
  ///   - losses: one for each example.
  /// - Throws: ``FluxionError/Code/shapeMismatch`` if there are too few predictions.
  public mutating func add(
    predictions: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<Int32>, losses: UnsafeBufferPointer<Float>
  ) throws {
    try add(predictions, losses, rows: labels.count) { (Int(labels[$0]), Double(labels[$0])) }
  }

  /// Adds predictions of numbers, or of two classes by one logit: a target above ½ is class 1.
  ///
  /// - Parameters:
  ///   - predictions: `[rows]`; more than the targets need are ignored.
  ///   - values: `[rows]`
  ///   - losses: one for each example.
  /// - Throws: ``FluxionError/Code/shapeMismatch`` if there are too few predictions.
  public mutating func add(
    predictions: UnsafeBufferPointer<Float>, values: UnsafeBufferPointer<Float>, losses: UnsafeBufferPointer<Float>
  ) throws {
    try add(predictions, losses, rows: values.count) { (values[$0] > 0.5 ? 1 : 0, Double(values[$0])) }
  }

  /// Adds predictions of classes from arrays.
  public mutating func add(predictions: [Float], labels: [Int32], losses: [Float]) throws {
    try predictions.withUnsafeBufferPointer { predictions in
      try labels.withUnsafeBufferPointer { labels in
        try losses.withUnsafeBufferPointer { try add(predictions: predictions, labels: labels, losses: $0) }
      }
    }
  }

  /// Adds predictions of numbers from arrays.
  public mutating func add(predictions: [Float], values: [Float], losses: [Float]) throws {
    try predictions.withUnsafeBufferPointer { predictions in
      try values.withUnsafeBufferPointer { values in
        try losses.withUnsafeBufferPointer { try add(predictions: predictions, values: values, losses: $0) }
      }
    }
  }

  private mutating func add(
    _ predictions: UnsafeBufferPointer<Float>, _ losses: UnsafeBufferPointer<Float>, rows: Int,
    target: (Int) -> (label: Int, value: Double)
  ) throws {
    guard predictions.count / width >= rows else {
      throw FluxionError(
        .shapeMismatch, "\(rows) targets need \(width) predictions each; there are \(predictions.count) in all")
    }
    for row in 0..<rows {
      let (label, value) = target(row)
      add(UnsafeBufferPointer(rebasing: predictions[(row * width)..<((row + 1) * width)]), label, value)
    }
    for loss in losses { lossSum += Double(loss) }
    exampleCount += losses.count
    rowCount += rows
  }

  private mutating func add(_ row: UnsafeBufferPointer<Float>, _ label: Int, _ value: Double) {
    var predicted = 0
    if width == 1 {
      predicted = row[0] > 0 ? 1 : 0
    } else {
      for index in 1..<width where row[index] > row[predicted] { predicted = index }
    }
    if predicted == label { correct += 1 }
    if !confusion.isEmpty { confusion.add(predicted: predicted, label: label) }
    for metric in metrics {
      switch metric {
      case .rmse:
        let error = Double(row[0]) - value
        squaredErrorSum += error * error
      case .auc: ranking.add(score: width == 1 ? row[0] : row[1] - row[0], isPositive: label == 1)
      default: break
      }
    }
  }

  /// Adds what another accumulator of the same metrics has seen, after what this one has.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` if they are not of the same metrics.
  public mutating func merge(_ other: MetricAccumulator) throws {
    guard other.metrics == metrics, other.width == width, confusion.add(other.confusion) else {
      throw FluxionError(.invalidArgument, "only accumulators of the same metrics and classes can be merged")
    }
    exampleCount += other.exampleCount
    rowCount += other.rowCount
    lossSum += other.lossSum
    correct += other.correct
    squaredErrorSum += other.squaredErrorSum
    ranking.add(other.ranking)
  }

  /// The metrics in the order they were asked for.
  public var values: [MetricValue] { metrics.map { MetricValue($0, value(of: $0)) } }

  private func value(of metric: Metric) -> Double? {
    switch metric {
    case .accuracy: rowCount > 0 ? Double(correct) / Double(rowCount) : nil
    case .loss: exampleCount > 0 ? lossSum / Double(exampleCount) : nil
    case .rmse: rowCount > 0 ? (squaredErrorSum / Double(rowCount)).squareRoot() : nil
    case .auc: ranking.areaUnderCurve
    case .f1Binary: rowCount > 0 ? confusion.f1(of: 1) : nil
    case .f1Macro: rowCount > 0 ? confusion.macroF1 : nil
    }
  }
}

extension MetricAccumulator {
  private enum CodingKeys: CodingKey {
    case metrics, width, exampleCount, rowCount, lossSum, correct, squaredErrorSum, confusion, ranking
  }

  /// What a party reports is read here, so nothing in it is taken on trust.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      try container.decode([Metric].self, forKey: .metrics), width: try container.decode(Int.self, forKey: .width))
    exampleCount = try container.decode(Int.self, forKey: .exampleCount)
    rowCount = try container.decode(Int.self, forKey: .rowCount)
    lossSum = try container.decode(Double.self, forKey: .lossSum)
    correct = try container.decode(Int.self, forKey: .correct)
    squaredErrorSum = try container.decode(Double.self, forKey: .squaredErrorSum)
    ranking = try container.decode(Ranking.self, forKey: .ranking)
    let reported = try container.decode(ClassCounts.self, forKey: .confusion)
    // Sums of such counts over any number of parties cannot overflow.
    let counts = 0...(1 << 40)
    guard [exampleCount, rowCount, correct].allSatisfy(counts.contains), correct <= rowCount,
      reported.isWithin(counts), confusion.add(reported)
    else { throw FluxionError(.corruptData, "the counts of a metric contradict each other or its classes") }
  }
}
