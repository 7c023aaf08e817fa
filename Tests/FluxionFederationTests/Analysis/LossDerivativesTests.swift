import FluxionCalculus
import FluxionData
import FluxionLearning
import Foundation
import Testing

@testable import FluxionFederation

@Suite("Derivatives of a task's loss")
struct LossDerivativesTests {
  static let classes = 3
  static let features = 4

  /// Points with labels, the same ones each time.
  static func dataset(_ count: Int) throws -> Dataset {
    try Dataset(
      name: "points",
      features: SymmetricMatrix.numbers(count * features, RandomKey(seed: 1)).map { Float($0) },
      exampleShape: [features],
      targets: .classes(labels: (0..<count).map { Int32($0 * 7 % classes) }, classCount: classes))
  }

  static func worker(_ task: LearningTask) throws -> (DerivativeWorker, ParameterLayout) {
    let derivatives = try LossDerivatives(task, input: [features])
    return (DerivativeWorker(derivatives), derivatives.layout)
  }

  static func parameters(_ count: Int) -> [Float] {
    SymmetricMatrix.numbers(count, RandomKey(seed: 2)).map { Float($0) }
  }

  @Test(
    "have the gradient and loss of softmax regression's closed form, whatever the chunks", arguments: [1, 4, 30, 64])
  func softmaxRegression(chunk: Int) throws {
    let data = try Self.dataset(30).all
    let (worker, layout) = try Self.worker(LearningTask(.logistic(classes: 3), loss: .softmaxCrossEntropy))
    let w = Self.parameters(layout.count)
    let found = try w.withUnsafeBufferPointer { try worker.gradient(data, chunk: chunk, at: $0) }
    // ∂L/∂W = xᵀ(p − y)/n, ∂L/∂b = (p − y)/n.
    let x = data.features().map(Double.init)
    var expected = [Double](repeating: 0, count: layout.count)
    var loss = 0.0
    for (row, label) in data.labels.enumerated() {
      let logits = (0..<3).map { c -> Double in
        var logit = Double(w[12 + c])
        for feature in 0..<4 { logit += x[row * 4 + feature] * Double(w[feature * 3 + c]) }
        return logit
      }
      let total = logits.reduce(0.0) { $0 + exp($1) }
      loss -= (logits[Int(label)] - log(total)) / 30
      for c in 0..<3 {
        let target: Double = c == Int(label) ? 1 : 0
        let error = (exp(logits[c]) / total - target) / 30
        for feature in 0..<4 { expected[feature * 3 + c] += x[row * 4 + feature] * error }
        expected[12 + c] += error
      }
    }
    for (value, truth) in zip(found.gradient, expected) { #expect(abs(Double(value) - truth) < 1e-6) }
    #expect(abs(found.sample.loss - loss) < 1e-6)
    #expect(found.sample.samples == 30 && found.sample.chunks == (30 + chunk - 1) / chunk)
    let norm = dotProduct(found.gradient, found.gradient)
    let expectedNorm = SymmetricMatrix.product(expected, expected)
    #expect(abs(norm.squareRoot() - expectedNorm.squareRoot()) < 1e-6)
    // One chunk of everything: its norm is the gradient's.
    if chunk >= 30 { #expect(abs(found.sample.meanSquaredChunkNorm - norm) < 1e-9) }
    if chunk == 1 { #expect(found.sample.meanSquaredChunkNorm > norm) }
  }

  @Test("give the eigenvalue and trace of the Hessian that products with unit vectors make up")
  func dense() throws {
    let model = Model {
      Dense(5); Tanh(); Dropout(0.5); Dense(3)
    }
    let (worker, layout) = try Self.worker(LearningTask(model, loss: .softmaxCrossEntropy))
    let data = try Self.dataset(40)
    let w = Self.parameters(layout.count)
    // In two batches that count by their samples.
    let parts = [(try data.subset(0..<25), Float(25.0 / 40)), (try data.subset(25..<40), Float(15.0 / 40))]
    func product(_ direction: [Float]) throws -> [Float] {
      var sum = [Float](repeating: 0, count: layout.count)
      for (examples, factor) in parts {
        try w.withUnsafeBufferPointer { w in
          try direction.withUnsafeBufferPointer { direction in
            try sum.withUnsafeMutableBufferPointer {
              try worker.addProduct(examples, at: w, direction: direction, factor: factor, to: $0)
            }
          }
        }
      }
      return sum
    }
    let rows = try (0..<layout.count).map { row in
      try product((0..<layout.count).map { $0 == row ? 1 : 0 }).map(Double.init)
    }
    for i in rows.indices { for j in rows.indices { #expect(abs(rows[i][j] - rows[j][i]) < 1e-5) } }
    var hessian = SymmetricMatrix(rows: rows)
    for i in rows.indices { for j in rows.indices { hessian.rows[i][j] = (rows[i][j] + rows[j][i]) / 2 } }
    // A row of it is the slope of the gradient.
    func gradient(_ w: [Float]) throws -> [Float] {
      try w.withUnsafeBufferPointer { try worker.gradient(data.all, chunk: 40, at: $0).gradient }
    }
    var (up, down) = (w, w)
    up[7] += 0.01
    down[7] -= 0.01
    let (above, below) = (try gradient(up), try gradient(down))
    for (index, entry) in rows[7].enumerated() {
      let slope = (Double(above[index]) - Double(below[index])) / 0.02
      #expect(abs(slope - entry) < 1e-3)
    }
    var lanczos = Lanczos(
      start: Hutchinson.probe(count: layout.count, key: RandomKey(seed: 3)), maximumSteps: 20, tolerance: 1e-4)
    while let direction = lanczos.direction { lanczos.take(try product(direction)) }
    let top = try #require(hessian.eigenvalues.last)
    let estimate = try #require(lanczos.estimate)
    #expect(abs(estimate.value / top - 1) < 1e-3)
    var hutchinson = Hutchinson()
    for number in 0..<200 {
      let probe = Hutchinson.probe(count: layout.count, key: RandomKey(seed: 4).folding("probe", number))
      hutchinson.take(try product(probe), of: probe)
    }
    let trace = try #require(hutchinson.estimate)
    let error = try #require(trace.standardError)
    #expect(abs(trace.value - hessian.trace) < 4 * error)
  }
}
