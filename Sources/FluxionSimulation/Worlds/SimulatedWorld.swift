import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning

/// Everything that the runs of one simulation share: threads, compiled programs, data, and where training begins.
final class SimulatedWorld: Sendable {
  let pool: WorkerPool
  let transport: InProcessTransport
  let evaluation: ModelEvaluation
  let initialParameters: Parameters
  let key: RandomKey

  /// - Throws: ``FluxionError`` if task and data do not fit each other, or for a number of threads below 1.
  init(_ task: LearningTask, _ partition: Partition, _ configuration: SimulationConfiguration) throws {
    if let threads = configuration.threads, threads < 1 {
      throw FluxionError(.invalidArgument, "a simulation runs on at least 1 thread; it was given \(threads)")
    }
    try task.requireFit(partition.dataset)
    if let test = partition.test { try task.requireFit(test.dataset) }
    let input = partition.dataset.exampleShape
    key = RandomKey(seed: configuration.seed)
    initialParameters = try task.initialParameters(input: input, key: key.folding("parameters"))
    let evaluator = try Evaluator(task, input: input)
    pool = WorkerPool(threads: configuration.threads)
    transport = InProcessTransport(task, partition, pool: pool, progress: ProgressReports(configuration))
    evaluation = ModelEvaluation(evaluator, pool: pool)
  }

  /// The same parties in a time of their own, for one run.
  func inVirtualTime(_ devices: DeviceProfile, _ partition: Partition) -> VirtualTimeTransport {
    VirtualTimeTransport(transport, pool: pool) { [key] work, client in
      devices.duration(of: work, samples: partition[client].count, party: client, key: key)
    }
  }
}
