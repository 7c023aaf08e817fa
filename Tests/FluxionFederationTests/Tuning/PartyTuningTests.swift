import FluxionCalculus
import FluxionData
import FluxionLearning
import Testing

@testable import FluxionFederation

@Suite("A party that tunes")
struct PartyTuningTests {
  static let task = LearningTask(.logistic(classes: 10), loss: .softmaxCrossEntropy)
  static let names = ["learningRate", "momentum"]

  static func local() -> LocalTraining {
    var local = LocalTraining(.momentum(learningRate: 0.3, momentum: 0.7), epochs: 2, batchSize: 8)
    local.tangents = names
    return local
  }

  static func party() throws -> DatasetView { try Dataset.digits().subset(100..<120) }

  @Test("carries in Float the tangents that the reference has in Double, over batches of several sizes")
  func tangents() throws {
    let party = try Self.party()
    let input = party.dataset.exampleShape
    let trainer = try LocalTrainer(Self.task, input: input, training: Self.local())
    let key = RandomKey(seed: 9)
    let start = try Self.task.initialParameters(input: input, key: key)
    let worker = ClientWorker(trainer)
    // Twice: the second party begins with tangents of 0 again.
    for _ in 0..<2 {
      _ = try start.values.withUnsafeBufferPointer {
        try worker.train(party, from: $0, hyperparameters: trainer.values(for: Self.local()), key: key)
      }
    }
    var values: [String: ReferenceValue] = [:]
    var order = BatchOrder(batchSize: 8)
    for epoch in 0..<2 {
      order.shuffle(party.indices, key: key.folding("epoch", epoch))
      for batch in 0..<order.batchCount {
        let indices = Array(order.indices[order.range(ofBatch: batch)])
        try step(indices, party, start, trainer, &values)
      }
    }
    for (position, name) in Self.names.enumerated() {
      let expected = start.layout.entries.flatMap { values["d \($0.name)/d \(name)"]?.elements ?? [] }
      let length = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let distance = zip(worker.tangent(position), expected).reduce(0) {
        $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
      }.squareRoot()
      #expect(expected.count == start.layout.count)
      #expect(length > 0.01)
      #expect(distance <= 1e-5 * length, "\(name): off by \(distance) of \(length)")
    }
  }

  /// One step in `Double`; `values` holds parameters, state and tangents by name.
  private func step(
    _ indices: [Int32], _ party: DatasetView, _ start: Parameters, _ trainer: LocalTrainer,
    _ values: inout [String: ReferenceValue]
  ) throws {
    let tuned = try #require(try trainer.step(batchSize: indices.count).tangents)
    let layout = tuned.step.inputs
    var inputs = tuned.program.inputs.map { values[$0.name] ?? ReferenceValue(repeating: 0, $0.type) }
    if values.isEmpty {
      for (index, entry) in zip(layout.parameters, start.layout.entries) {
        inputs[index].elements = start.values[entry.offset..<(entry.offset + entry.shape.count)].map(Double.init)
      }
    }
    var (x, y) = (
      [Float](repeating: 0, count: inputs[layout.x].elements.count), [Int32](repeating: 0, count: indices.count)
    )
    indices.withUnsafeBufferPointer { indices in
      x.withUnsafeMutableBufferPointer { if let x = $0.baseAddress { party.dataset.copyFeatures(of: indices, to: x) } }
      y.withUnsafeMutableBufferPointer { if let y = $0.baseAddress { party.dataset.copyLabels(of: indices, to: y) } }
    }
    inputs[layout.x].elements = x.map(Double.init)
    inputs[try #require(layout.y)].elements = y.map(Double.init)
    for (index, hyperparameter) in zip(layout.hyperparameters, tuned.step.hyperparameters) {
      inputs[index].elements = [hyperparameter.name == "momentum" ? Double(Float(0.7)) : Double(Float(0.3))]
    }
    let results = try tuned.program.evaluateReference(inputs)
    for pair in tuned.inPlace { values[tuned.program.inputs[pair.input].name] = results[pair.output] }
  }

  @Test("has nothing to go by after a tangent that left the finite numbers, or from an attempt given up")
  func noInformation() throws {
    let party = try Self.party()
    let input = party.dataset.exampleShape
    let tuning = try PartyTuning(
      LocalTrainer(Self.task, input: input, training: GradientAccumulation.training(chunk: 8, objective: Objective())))
    let start = try Self.task.initialParameters(input: input, key: RandomKey(seed: 9))
    let request = TuningRequest(
      hyperparameters: [.learningRate], values: [0.3], bounds: [0.001...10], partyValues: [:], rule: TuningRule(),
      gradientBatches: 8)
    func begin(_ tangent: [Float]?, round: Int) throws -> PartyTuning.Beginning {
      try start.values.withUnsafeBufferPointer {
        try tuning.begin(
          0, party, at: $0, request, round: 3, memory: TuningMemory(round: round, steps: 0, tangents: [tangent]),
          key: RandomKey(seed: 4))
      }
    }
    let useless: [([Float]?, Int)] = [
      (nil, 2), ([Float](repeating: .infinity, count: start.layout.count), 2),
      ([Float](repeating: 1, count: start.layout.count), 3),
    ]
    for (tangent, round) in useless {
      let beginning = try begin(tangent, round: round)
      #expect(beginning.values == [0.3])
      #expect(Array(beginning.figures.keys) == ["loss of the global model"])
    }
    // Where values are shared, sketches let the server judge for all.
    var shared = request
    shared.partyValues = nil
    shared.sketch = CountSketch(of: start.layout.count, key: RandomKey(seed: 5))
    let told = try start.values.withUnsafeBufferPointer {
      try tuning.begin(
        0, party, at: $0, shared, round: 3, memory: TuningMemory(round: 2, steps: 0, tangents: [start.values]),
        key: RandomKey(seed: 4))
    }
    let sketches = try #require(shared.sketch)
    #expect(told.values == [0.3])
    #expect(told.figures["proposed learning-rate"] == nil)
    let expected = sketches([start.values, tuning.latestGradient])
    #expect(
      told.vectors == ["sketch of the tangent of learning-rate": expected[0], "sketch of the gradient": expected[1]])
    // The gradient itself: the steepest way up, so less would have been better.
    _ = try begin(nil, round: 2)
    let downhill = try begin(tuning.latestGradient, round: 2)
    #expect(abs((downhill.figures["alignment of learning-rate"] ?? 0) - 1) < 1e-6)
    #expect(abs(downhill.values[0] - 0.3 / 2.718281828) < 1e-6)
  }
}
