package import FluxionCalculus
package import FluxionData
import FluxionLearning

/// One thread's memory for training clients one after the other: parameters, optimiser state, a batch, scratch.
///
/// Everything is allocated when a batch size is first seen; after that a step allocates nothing.
package final class ClientWorker {
  package let trainer: LocalTrainer
  /// Called before each step: where training may wait, or end by throwing.
  package var beforeStep: () throws -> Void = {}
  /// The client's parameters, as the trainer's layout places them.
  package let parameters: UnsafeMutableBufferPointer<Float>
  /// The optimiser's state, tensor after tensor.
  package let state: UnsafeMutableBufferPointer<Float>
  /// For each hyperparameter of ``LocalTraining/tangents``, the tangent of the parameters and then of the state.
  private let tangents: [UnsafeMutableBufferPointer<Float>]
  /// Where the client began, for a proximal term; empty without one.
  private let anchor: UnsafeMutableBufferPointer<Float>
  private let fills: [(range: Range<Int>, value: Float)]
  private let hyperparameters: UnsafeMutableBufferPointer<Float>
  private let loss: UnsafeMutablePointer<Float>
  private let key: UnsafeMutablePointer<Int32>
  private let slab = Slab()
  private var steps: [Int: BoundStep] = [:]
  private var order: BatchOrder

  private struct BoundStep {
    let workspace: Workspace
    let x: UnsafeMutablePointer<Float>
    let y: UnsafeMutableRawPointer?
    let takesLabels: Bool
    let isStochastic: Bool
  }

  /// What training a client left behind, beside the parameters.
  package struct Result: Sendable {
    package var steps = 0
    /// The sum of losses over all examples of all epochs, each before its step.
    package var lossSum = 0.0
    /// Examples seen, over all epochs.
    package var examples = 0

    package var meanLoss: Double { examples == 0 ? 0 : lossSum / Double(examples) }
  }

  package init(_ trainer: LocalTrainer) {
    self.trainer = trainer
    parameters = Self.allocate(trainer.layout.count)
    var fills: [(Range<Int>, Float)] = []
    var offset = 0
    for state in trainer.state {
      fills.append((offset..<offset + state.shape.count, state.fill))
      offset += state.shape.count
    }
    self.fills = fills
    state = Self.allocate(offset)
    tangents = trainer.training.tangents.map { _ in Self.allocate(trainer.layout.count + offset) }
    hyperparameters = Self.allocate(trainer.hyperparameters.count)
    let isProximal = trainer.training.objective.terms.contains { $0 is ProximalTerm }
    anchor = Self.allocate(isProximal ? trainer.layout.count : 0)
    loss = .allocate(capacity: 1)
    loss.initialize(to: 0)
    key = .allocate(capacity: 2)
    key.initialize(repeating: 0, count: 2)
    order = BatchOrder(batchSize: trainer.training.batchSize ?? .max)
  }

  deinit {
    for buffer in [parameters, state, hyperparameters, anchor] + tangents { buffer.deallocate() }
    loss.deallocate()
    key.deallocate()
  }

  private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
    // Aligned to a cache line, which is also the widest vector.
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    let floats = bytes.bindMemory(to: Float.self)
    floats.initialize(repeating: 0)
    return UnsafeMutableBufferPointer(rebasing: floats[..<count])
  }

  /// Trains from the global parameters on a client's examples; ``parameters`` holds the result.
  ///
  /// - Parameters:
  ///   - values: one for each hyperparameter of the trainer, in its order.
  ///   - key: the client's in this round: the order of examples and dropout are drawn from it.
  package func train(
    _ examples: DatasetView, from start: UnsafeBufferPointer<Float>, hyperparameters values: [Float], key: RandomKey
  ) throws -> Result {
    _ = parameters.update(fromContentsOf: start)
    if !anchor.isEmpty { _ = anchor.update(fromContentsOf: start) }
    reset(values)
    for tangent in tangents { tangent.update(repeating: 0) }
    var result = Result()
    for epoch in 0..<trainer.training.epochs {
      order.shuffle(examples.indices, key: key.folding("epoch", epoch))
      try runEpoch(examples.dataset, key, &result)
      if !result.lossSum.isFinite { break }
    }
    return result
  }

  /// The derivative of ``parameters`` with respect to a hyperparameter of ``LocalTraining/tangents``, after training.
  package func tangent(_ position: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: tangents[position][..<trainer.layout.count])
  }

  /// The gradient of the mean loss over the batches that ``train(_:from:hyperparameters:key:)`` would begin with;
  /// ``state`` holds it.
  ///
  /// The trainer's optimiser must be ``GradientAccumulation``.
  package func gradient(
    _ examples: DatasetView, at start: UnsafeBufferPointer<Float>, firstBatches: Int, key: RandomKey
  ) throws -> Result {
    _ = parameters.update(fromContentsOf: start)
    reset([])
    var result = Result()
    order.shuffle(examples.indices, key: key.folding("epoch", 0))
    let batches = min(firstBatches, order.batchCount)
    let seen = batches == 0 ? 0 : order.range(ofBatch: batches - 1).upperBound
    try runEpoch(examples.dataset, key, &result, batches: batches) { count in
      hyperparameters[0] = -Float(count) / Float(seen)
    }
    return result
  }

  /// The gradient of the mean loss over all of a client's examples; ``state`` holds it.
  ///
  /// The trainer's optimiser must be ``GradientAccumulation``.
  package func gradient(
    _ examples: DatasetView, at start: UnsafeBufferPointer<Float>, key: RandomKey
  ) throws -> Result {
    _ = parameters.update(fromContentsOf: start)
    reset([])
    var result = Result()
    order.keep(examples.indices)
    try runEpoch(examples.dataset, key, &result) { count in
      hyperparameters[0] = -Float(count) / Float(examples.count)
    }
    return result
  }

  private func reset(_ values: [Float]) {
    for fill in fills { UnsafeMutableBufferPointer(rebasing: state[fill.range]).update(repeating: fill.value) }
    for (index, value) in values.prefix(hyperparameters.count).enumerated() { hyperparameters[index] = value }
  }

  private func runEpoch(
    _ dataset: Dataset, _ key: RandomKey, _ result: inout Result, batches: Int? = nil,
    prepare: (_ count: Int) -> Void = { _ in }
  ) throws {
    for batch in 0..<(batches ?? order.batchCount) {
      try beforeStep()
      let count = order.range(ofBatch: batch).count
      prepare(count)
      let step = try bound(batchSize: count)
      order.withBatch(batch) { indices in
        dataset.copyFeatures(of: indices, to: step.x)
        guard let y = step.y else { return }
        if step.takesLabels {
          dataset.copyLabels(of: indices, to: y.assumingMemoryBound(to: Int32.self))
        } else {
          dataset.copyValues(of: indices, to: y.assumingMemoryBound(to: Float.self))
        }
      }
      if step.isStochastic { setKey(key.folding("step", result.steps)) }
      step.workspace.run()
      result.lossSum += Double(loss.pointee)
      result.steps += 1
      result.examples += count
    }
  }

  private func setKey(_ drawn: RandomKey) {
    key[0] = Int32(bitPattern: drawn.low)
    key[1] = Int32(bitPattern: drawn.high)
  }

  /// The workspace for a batch size, bound to this worker's memory.
  private func bound(batchSize: Int) throws -> BoundStep {
    if let known = steps[batchSize] { return known }
    let compiled = try trainer.step(batchSize: batchSize)
    let workspace = compiled.executable.makeWorkspace(sharing: slab)
    let layout = compiled.step.inputs
    for (entry, (input, output)) in zip(trainer.layout.entries, zip(layout.parameters, compiled.step.parameterOutputs))
    {
      workspace.bind(inPlace: (input, output), to: pointer(parameters, entry.offset))
    }
    for (fill, (input, output)) in zip(fills, zip(layout.state, compiled.step.stateOutputs)) {
      workspace.bind(inPlace: (input, output), to: pointer(state, fill.range.lowerBound))
    }
    for (position, tangent) in tangents.enumerated() {
      guard let program = compiled.tangents else { break }
      let offsets =
        trainer.layout.entries.map(\.offset) + fills.map { trainer.layout.count + $0.range.lowerBound }
      let pairs = zip(program.tangentInputs(position), program.tangentOutputs(position))
      for (offset, (input, output)) in zip(offsets, pairs) {
        workspace.bind(inPlace: (input, output), to: pointer(tangent, offset))
      }
    }
    for (index, input) in layout.hyperparameters.enumerated() {
      workspace.bind(input: input, to: pointer(hyperparameters, index))
    }
    for (term, inputs) in zip(trainer.training.objective.terms, layout.terms) where term is ProximalTerm {
      for (entry, input) in zip(trainer.layout.entries, inputs) {
        workspace.bind(input: input, to: pointer(anchor, entry.offset))
      }
    }
    if let input = layout.key { workspace.bind(input: input, to: key) }
    workspace.bind(output: compiled.step.lossOutput, to: loss)
    let step = BoundStep(
      workspace: workspace, x: workspace.pointer(input: layout.x).assumingMemoryBound(to: Float.self),
      y: layout.y.map { workspace.pointer(input: $0) },
      takesLabels: layout.y.map { compiled.step.program.inputs[$0].type.element == .int32 } ?? false,
      isStochastic: layout.key != nil)
    steps[batchSize] = step
    return step
  }

  private func pointer(_ buffer: UnsafeMutableBufferPointer<Float>, _ offset: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer((buffer.baseAddress ?? loss) + offset)
  }
}
