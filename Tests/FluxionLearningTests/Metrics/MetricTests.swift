import FluxionCalculus
import FluxionLearning
import Foundation
import Testing

struct MetricGolden: Decodable, Sendable, CustomTestStringConvertible {
  struct Attributes: Decodable, Sendable { let average: String? }
  /// Labels are listed bare, numbers as tensors.
  enum Numbers: Decodable, Sendable {
    case list([Int32])
    case tensor(GoldenTensor)

    init(from decoder: any Decoder) throws {
      if let tensor = try? GoldenTensor(from: decoder) {
        self = .tensor(tensor)
      } else {
        self = .list(try decoder.singleValueContainer().decode([Int32].self))
      }
    }
  }

  let metric: String
  let about: String
  let attributes: Attributes
  let scores: GoldenTensor?
  let predictions: Numbers?
  let targets: GoldenTensor?
  let labels: [Int32]?
  let value: Double

  var testDescription: String { "\(metric): \(about)" }

  struct File: Decodable { let metrics: [MetricGolden] }

  // Macro F1 over chosen classes is not offered.
  static let all = ((try? golden("metrics", File.self).metrics) ?? []).filter {
    !$0.about.contains("classes 0, 1 and 3")
  }
}

@Suite("Metrics")
struct MetricTests {
  /// The batch of a golden: predictions of `width` a row, and labels or values.
  private func batch(_ row: MetricGolden) throws -> (width: Int, predictions: [Float], rows: Int) {
    if let scores = row.scores {
      return (scores.shape.count == 2 ? scores.shape[1] : 1, scores.floats, scores.shape[0])
    }
    switch try #require(row.predictions) {
    case .tensor(let tensor): return (1, tensor.floats, tensor.values.count)
    case .list(let labels) where row.about == "binary" || row.attributes.average == "binary":
      return (1, labels.map { $0 == 1 ? 1 : -1 }, labels.count)
    case .list(let labels):
      // Labels as logits of one hot class.
      return (4, labels.flatMap { label in (0..<4).map { $0 == label ? 1 : 0 } }, labels.count)
    }
  }

  private func metric(_ row: MetricGolden) throws -> Metric {
    try Metric.named(row.metric == "f1" ? "f1-\(row.attributes.average ?? "")" : row.metric)
  }

  private func losses(_ row: MetricGolden, _ width: Int, _ predictions: [Float]) -> [Float] {
    guard row.metric == "loss", let labels = row.labels else { return [] }
    return labels.enumerated().map { index, label in
      let logits = predictions[(index * width)..<((index + 1) * width)].map(Double.init)
      return Float(log(logits.map { exp($0) }.reduce(0, +)) - logits[Int(label)])
    }
  }

  private func accumulate(_ row: MetricGolden, batches: Int) throws -> [MetricAccumulator] {
    let (width, predictions, rows) = try batch(row)
    let losses = losses(row, width, predictions)
    let metric = try metric(row)
    return try (0..<batches).map { batch in
      let range = (batch * rows / batches)..<((batch + 1) * rows / batches)
      var accumulator = try MetricAccumulator([metric], width: width)
      let part = Array(predictions[(range.lowerBound * width)..<(range.upperBound * width)])
      let own = losses.isEmpty ? [] : Array(losses[range])
      if let labels = row.labels {
        try accumulator.add(predictions: part, labels: Array(labels[range]), losses: own)
      } else {
        try accumulator.add(predictions: part, values: Array(try #require(row.targets).floats[range]), losses: own)
      }
      return accumulator
    }
  }

  @Test("agree with scikit-learn, in one batch and merged from three", arguments: MetricGolden.all)
  func goldens(_ row: MetricGolden) throws {
    for batches in [1, 3] {
      let parts = try accumulate(row, batches: batches)
      var total = parts[0]
      for part in parts.dropFirst() { try total.merge(part) }
      let value = try #require(total.values.first?.value)
      expectClose([value], [row.value], absolute: 1e-12, relative: row.metric == "loss" ? 1e-6 : 1e-12)
    }
  }

  @Test("were all found in the goldens")
  func goldensAreThere() { #expect(MetricGolden.all.count == 14) }

  @Test("give the same bits however the batches were merged into partial sums, in their order")
  func mergeOrder() throws {
    let row = try #require(MetricGolden.all.first { $0.metric == "auc" })
    let parts = try accumulate(row, batches: 4)
    func merged(_ order: [Int]) throws -> Double? {
      var total = try MetricAccumulator([.auc], width: 1)
      for index in order { try total.merge(parts[index]) }
      return total.values[0].value
    }
    #expect(try merged([0, 1, 2, 3]) == merged([3, 1, 0, 2]))
  }

  @Test("take one logit above 0 for class 1, and a target above ½ likewise")
  func oneLogit() throws {
    var accumulator = try MetricAccumulator([.accuracy, .f1Binary, .auc], width: 1)
    try accumulator.add(predictions: [1, -1, 2, -2], values: [1, 0, 0, 1], losses: [])
    #expect(accumulator.values.map(\.value) == [0.5, 0.5, 0.25])
  }

  @Test("have no value without examples, and no area under a curve of scores that are no numbers")
  func undefined() throws {
    var accumulator = try MetricAccumulator(Metric.allCases.filter { $0 != .rmse }, width: 2)
    #expect(accumulator.values.allSatisfy { $0.value == nil })
    try accumulator.add(predictions: [.nan, 0, 1, 0], labels: [1, 0], losses: [1, 2])
    #expect(accumulator.values.first { $0.metric == .auc }?.value == nil)
    #expect(accumulator.values.first { $0.metric == .loss }?.value == 1.5)
  }

  @Test("count a label that is no class as missed, and ignore the padding of a batch")
  func strangeLabels() throws {
    var accumulator = try MetricAccumulator([.accuracy, .f1Macro], width: 3)
    try accumulator.add(predictions: [1, 0, 0, 0, 1, 0, 9, 9, 9], labels: [0, 77], losses: [])
    #expect(accumulator.values[0].value == 0.5)
    #expect(
      message { try accumulator.add(predictions: [1, 0, 0], labels: [0, 1], losses: []) }?.contains("3") == true)
  }

  @Test("are refused where predictions do not have them")
  func refusals() {
    _ = message { try MetricAccumulator([.auc], width: 3) }
    _ = message { try MetricAccumulator([.f1Binary], width: 3) }
    _ = message { try MetricAccumulator([.rmse], width: 2) }
    _ = message { try MetricAccumulator([], width: 0) }
    #expect(message { try Metric.named("acuracy") }?.contains("\"accuracy\"") == true)
  }

  @Test("of other classes are not merged, and reports that contradict themselves are not read")
  func malformed() throws {
    var accumulator = try MetricAccumulator([.accuracy], width: 3)
    let other = try MetricAccumulator([.accuracy], width: 4)
    _ = message {
      try accumulator.merge(other)
      return 0
    }
    try accumulator.add(predictions: [1, 0, 0], labels: [0], losses: [0.5])
    let json = String(decoding: try JSONEncoder().encode(accumulator), as: UTF8.self)
    #expect(try JSONDecoder().decode(MetricAccumulator.self, from: Data(json.utf8)) == accumulator)
    for (text, replacement) in [
      (#""correct":1"#, #""correct":2"#), (#""rowCount":1"#, #""rowCount":9223372036854775807"#),
      (#""correct":1"#, #""correct":-1"#), (#""truePositives":[]"#, #""truePositives":[1]"#),
      (#""width":3"#, #""width":0"#),
    ] {
      let bad = json.replacingOccurrences(of: text, with: replacement)
      #expect(bad != json)
      #expect(throws: FluxionError.self) { try JSONDecoder().decode(MetricAccumulator.self, from: Data(bad.utf8)) }
    }
  }
}
