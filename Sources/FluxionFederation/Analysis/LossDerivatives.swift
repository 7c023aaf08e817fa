package import FluxionCalculus
package import FluxionData
package import FluxionLearning
import Synchronization

/// The compiled gradient and Hessian-vector product of a task's mean loss, one for each batch size that occurs, shared by
/// all threads. Dropout passes everything, and no objective's terms are added: it is the loss that models are judged by.
package final class LossDerivatives: Sendable {
  package let layout: ParameterLayout
  let task: LearningTask
  private let input: Shape
  private let gradients = Mutex<[Int: CompiledGradient]>([:])
  private let products = Mutex<[Int: CompiledProduct]>([:])

  struct CompiledGradient: Sendable {
    let gradient: GradientProgram
    let executable: Executable
  }

  struct CompiledProduct: Sendable {
    let product: HessianVectorProduct
    let executable: Executable
  }

  /// - Throws: ``FluxionError`` if model and loss do not fit examples of shape `input`.
  package init(_ task: LearningTask, input: Shape) throws {
    self.task = task
    self.input = input
    layout = try task.layout(input: input)
  }

  func gradient(batchSize: Int) throws -> CompiledGradient {
    if let known = gradients.withLock({ $0[batchSize] }) { return known }
    let gradient = try task.gradientProgram(batchSize: batchSize, input: input, isTraining: false)
    let made = CompiledGradient(gradient: gradient, executable: try Executable(gradient.program))
    gradients.withLock { $0[batchSize] = made }
    return made
  }

  func product(batchSize: Int) throws -> CompiledProduct {
    if let known = products.withLock({ $0[batchSize] }) { return known }
    let product = try task.hessianVectorProduct(batchSize: batchSize, input: input)
    let made = CompiledProduct(product: product, executable: try Executable(product.program))
    products.withLock { $0[batchSize] = made }
    return made
  }
}

/// One thread's memory for derivatives of the loss.
package final class DerivativeWorker {
  private let derivatives: LossDerivatives
  private let slab = Slab()
  /// What one run gives, as the layout places it.
  private let result: UnsafeMutableBufferPointer<Float>
  private var gradients: [Int: Workspace] = [:]
  private var products: [Int: Workspace] = [:]

  package init(_ derivatives: LossDerivatives) {
    self.derivatives = derivatives
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(derivatives.layout.count, 1) * 4, alignment: 64)
    result = UnsafeMutableBufferPointer(rebasing: bytes.bindMemory(to: Float.self)[..<derivatives.layout.count])
    result.initialize(repeating: 0)
  }

  deinit { result.deallocate() }

  /// The gradient of the mean loss over all examples, chunk by chunk.
  package func gradient(
    _ examples: DatasetView, chunk: Int, at parameters: UnsafeBufferPointer<Float>
  ) throws -> (sample: GradientSample, gradient: [Float]) {
    var sample = GradientSample(samples: examples.count)
    var sum = [Float](repeating: 0, count: derivatives.layout.count)
    for start in stride(from: 0, to: examples.count, by: chunk) {
      let count = min(chunk, examples.count - start)
      let compiled = try derivatives.gradient(batchSize: count)
      let (program, layout) = (compiled.gradient, compiled.gradient.inputs)
      let workspace = gradients[count] ?? compiled.executable.makeWorkspace(sharing: slab)
      gradients[count] = workspace
      bind(workspace, inputs: layout.parameters, to: parameters)
      bind(workspace, outputs: program.gradientOutputs)
      fill(workspace, layout, with: examples, start..<(start + count))
      workspace.run()
      let share = Double(count) / Double(examples.count)
      let loss = workspace.pointer(output: program.lossOutput).assumingMemoryBound(to: Float.self).pointee
      sample.chunks += 1
      sample.loss += Double(loss) / Double(examples.count)
      let chunkGradient = UnsafeBufferPointer(result)
      sample.meanSquaredChunkNorm += share * dotProduct(chunkGradient, chunkGradient)
      sum.withUnsafeMutableBufferPointer { add(Float(share), to: $0) }
    }
    return (sample, sum)
  }

  /// Adds the product of a direction with the Hessian of the mean loss over examples, all in one batch, times a factor.
  package func addProduct(
    _ examples: DatasetView, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>,
    factor: Float, to sum: UnsafeMutableBufferPointer<Float>
  ) throws {
    let compiled = try derivatives.product(batchSize: examples.count)
    let workspace = products[examples.count] ?? compiled.executable.makeWorkspace(sharing: slab)
    products[examples.count] = workspace
    bind(workspace, inputs: compiled.product.inputs.parameters, to: parameters)
    bind(workspace, inputs: compiled.product.directions, to: direction)
    bind(workspace, outputs: compiled.product.productOutputs)
    fill(workspace, compiled.product.inputs, with: examples, 0..<examples.count)
    workspace.run()
    add(factor, to: sum)
  }

  private func bind(_ workspace: Workspace, inputs: Range<Int>, to vector: UnsafeBufferPointer<Float>) {
    guard let base = vector.baseAddress else { return }
    for (entry, input) in zip(derivatives.layout.entries, inputs) {
      workspace.bind(input: input, to: base + entry.offset)
    }
  }

  private func bind(_ workspace: Workspace, outputs: Range<Int>) {
    guard let base = result.baseAddress else { return }
    for (entry, output) in zip(derivatives.layout.entries, outputs) {
      workspace.bind(output: output, to: base + entry.offset)
    }
  }

  private func fill(
    _ workspace: Workspace, _ layout: ProgramLayout, with examples: DatasetView, _ positions: Range<Int>
  ) {
    let first = examples.indices.startIndex
    examples.indices[(first + positions.lowerBound)..<(first + positions.upperBound)].withUnsafeBufferPointer {
      examples.dataset.copyFeatures(
        of: $0, to: workspace.pointer(input: layout.x).assumingMemoryBound(to: Float.self))
      guard let y = layout.y else { return }
      examples.dataset.copyTargets(
        of: $0, asLabels: derivatives.task.loss.target == .labels, to: workspace.pointer(input: y))
    }
  }

  private func add(_ factor: Float, to sum: UnsafeMutableBufferPointer<Float>) {
    for index in 0..<min(sum.count, result.count) { sum[index] += factor * result[index] }
  }
}
