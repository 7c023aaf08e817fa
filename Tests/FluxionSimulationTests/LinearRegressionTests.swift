import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionSimulation
import Testing

/// Linear regression over 100 devices of 10 samples each, whose answer is known.
@Suite("A linear regression over 100 devices")
struct LinearRegressionTests {
  static let features = 5
  static let task = LearningTask(.linear(outputs: 1), loss: .meanSquaredError, metrics: [.rmse])

  static func devices() throws -> Partition {
    try SyntheticLinear(samples: 1000, features: features, parties: 100, noise: 0.1, partyShift: 1, seed: 7)
      .generate().dataset.partitioned(.column("party"))
  }

  /// Features and targets of all devices as doubles, a 1 behind the features for the bias.
  static func pooled(_ devices: Partition) -> (x: [[Double]], y: [Double]) {
    let view = devices.pooled
    let (x, y) = (view.features(), view.values())
    return (
      (0..<view.count).map { row in (0..<features).map { Double(x[row * features + $0]) } + [1] }, y.map(Double.init)
    )
  }

  /// The gradient of the mean squared error in double precision.
  static func gradient(_ w: [Double], _ x: [[Double]], _ y: [Double]) -> [Double] {
    var gradient = [Double](repeating: 0, count: w.count)
    for (row, target) in zip(x, y) {
      let error = zip(row, w).reduce(0) { $0 + $1.0 * $1.1 } - target
      for index in w.indices { gradient[index] += 2 * error * row[index] / Double(y.count) }
    }
    return gradient
  }

  /// Solves the normal equations by Gaussian elimination with pivoting.
  static func leastSquares(_ x: [[Double]], _ y: [Double]) -> [Double] {
    let n = x[0].count
    var system = (0..<n).map { i in
      (0..<n).map { j in x.reduce(0) { $0 + $1[i] * $1[j] } } + [zip(x, y).reduce(0) { $0 + $1.0[i] * $1.1 }]
    }
    for column in 0..<n {
      let pivot = (column..<n).max { abs(system[$0][column]) < abs(system[$1][column]) } ?? column
      system.swapAt(column, pivot)
      for row in 0..<n where row != column {
        let factor = system[row][column] / system[column][column]
        for index in column...n { system[row][index] -= factor * system[column][index] }
      }
    }
    return (0..<n).map { system[$0][n] / system[$0][$0] }
  }

  /// The same samples with parties of very different sizes.
  static func unequalDevices() throws -> Partition {
    try SyntheticLinear(samples: 1000, features: features, parties: 100, noise: 0.1, partyShift: 1, seed: 7)
      .generate().dataset.partitioned(.quantity(alpha: 0.5), parties: 20, seed: 3)
  }

  @Test("federated SGD is gradient descent on the pooled data, round by round", arguments: [true, false])
  func gradientDescent(equalSizes: Bool) async throws {
    let devices = equalSizes ? try Self.devices() : try Self.unequalDevices()
    #expect(devices.exampleCount == 1000)
    #expect(Set(devices.sizes) == [10] || !equalSizes && Set(devices.sizes).count > 5)
    let (x, y) = Self.pooled(devices)
    let simulation = Simulation(Self.task, FederatedSGD(learningRate: 0.05), devices)
    var w: [Double]?
    for try await record in simulation.rounds(60) {
      let start =
        try w
        ?? Self.task.initialParameters(
          input: [Self.features], key: RandomKey(seed: 0).folding("parameters")
        ).values.map(Double.init)
      let expected = zip(start, Self.gradient(start, x, y)).map { $0 - 0.05 * $1 }
      let actual = try #require(simulation.parameters).values
      for (value, exact) in zip(actual, expected) {
        // Rounding of single precision: a gradient of a thousand terms, one step.
        #expect(abs(Double(value) - exact) < 2e-6 * max(1, abs(exact)), "round \(record.round)")
      }
      w = expected
    }
  }

  @Test("federated SGD converges to the least-squares solution")
  func convergence() async throws {
    let devices = try Self.devices()
    let (x, y) = Self.pooled(devices)
    let simulation = Simulation(
      Self.task, FederatedSGD(learningRate: 0.1), devices, SimulationConfiguration(recordsParties: false))
    for try await _ in simulation.rounds(600) {}
    for (value, exact) in zip(try #require(simulation.parameters).values, Self.leastSquares(x, y)) {
      #expect(abs(Double(value) - exact) < 1e-5)
    }
  }

  @Test("federated SGD is federated averaging with one full-batch local step")
  func oneStep() async throws {
    let devices = try Self.devices()
    let sgd = Simulation(Self.task, FederatedSGD(learningRate: 0.05), devices)
    let averaging = Simulation(
      Self.task, FederatedAveraging(local: .sgd(learningRate: 0.05, epochs: 1, batchSize: nil)), devices)
    var first = sgd.rounds(30).makeAsyncIterator()
    var second = averaging.rounds(30).makeAsyncIterator()
    while let a = try await first.next(), let b = try await second.next() {
      #expect(a.round == b.round)
      #expect(abs(a.trainLoss - b.trainLoss) < 1e-5 * max(1, a.trainLoss))
      for (x, y) in zip(try #require(sgd.parameters).values, try #require(averaging.parameters).values) {
        #expect(abs(x - y) < 1e-5 * max(1, abs(x)))
      }
    }
  }

  @Test("federated SGD takes the whole gradient of a party with more samples than are computed at once")
  func chunks() async throws {
    let sample = try SyntheticLinear(samples: 700, features: Self.features, parties: 1, seed: 3).generate()
    let lone = try sample.dataset.partitioned(.iid, parties: 1)
    let (x, y) = Self.pooled(lone)
    let simulation = Simulation(Self.task, FederatedSGD(learningRate: 0.05), lone)
    for try await _ in simulation.rounds(1) {}
    let start = try Self.task.initialParameters(
      input: [Self.features], key: RandomKey(seed: 0).folding("parameters")
    ).values.map(Double.init)
    let expected = zip(start, Self.gradient(start, x, y)).map { $0 - 0.05 * $1 }
    for (value, exact) in zip(try #require(simulation.parameters).values, expected) {
      #expect(abs(Double(value) - exact) < 2e-6 * max(1, abs(exact)))
    }
  }
}
