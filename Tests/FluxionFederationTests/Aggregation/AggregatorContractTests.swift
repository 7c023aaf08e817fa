import FluxionCalculus
import FluxionTesting
import Testing

@testable import FluxionFederation

/// What every differentiable aggregator promises. A new one is a new row.
@Suite("Every differentiable aggregator")
struct AggregatorContractTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let aggregator: any DifferentiableAggregator
    /// Whether parties that send anything are borne.
    var isRobust = true

    var testDescription: String { aggregator.name }
  }

  static let rows: [Row] = {
    do {
      return [
        Row(aggregator: ExactMean(), isRobust: false), Row(aggregator: CoordinateMedian()),
        Row(aggregator: try TrimmedMean(share: 0.2)), Row(aggregator: try TrimmedMean(share: 0), isRobust: false),
        Row(aggregator: try GeometricMedian()),
      ]
    } catch {
      Issue.record(error)
      return []
    }
  }()

  /// Updates of distinct values of magnitude 1.
  static func updates(_ clients: Int, count: Int, seed: Int = 1) -> [ClientUpdate] {
    (0..<clients).map { client in
      var generator = RandomKey(seed: 11).folding("updates", seed).folding("client", client).generator()
      return ClientUpdate(
        client: client, weight: 100 + 37 * (client % 4),
        values: (0..<count).map { _ in 2 * generator.nextUniform() - 1 })
    }
  }

  static func vector(_ count: Int, seed: Int) -> [Float] {
    var generator = RandomKey(seed: 12).folding("vector", seed).generator()
    return (0..<count).map { _ in 2 * generator.nextUniform() - 1 }
  }

  static func distance(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test("does not depend on who sent which update", arguments: rows, [1, 2, 5, 6])
  func permutations(row: Row, clients: Int) throws {
    let updates = Self.updates(clients, count: 40)
    let expected = try row.aggregator.aggregate(updates)
    let turned = (0..<clients).map { client in
      var update = updates[(client + 2) % clients]
      update.client = client
      return update
    }
    #expect(Self.distance(try row.aggregator.aggregate(turned), expected) < 1e-4)
  }

  @Test("moves along when all updates move by the same", arguments: rows)
  func translations(row: Row) throws {
    let updates = Self.updates(5, count: 40)
    let shift = Self.vector(40, seed: 1)
    let expected = zip(try row.aggregator.aggregate(updates), shift).map { $0 + $1 }
    let moved = updates.map { update in
      var moved = update
      moved.values = zip(update.values, shift).map { $0 + $1 }
      return moved
    }
    #expect(Self.distance(try row.aggregator.aggregate(moved), expected) < 1e-4)
  }

  @Test("of equal updates is that update", arguments: rows, [1, 2, 7])
  func equal(row: Row, clients: Int) throws {
    let one = Self.vector(40, seed: 2)
    let updates = (0..<clients).map { ClientUpdate(client: $0, weight: 1 + $0, values: one) }
    #expect(Self.distance(try row.aggregator.aggregate(updates), one) < 1e-6)
    // What it lets through altogether, too: A moves along when all move.
    let products = try row.aggregator.pullback(one, at: updates)
    let sum = (0..<40).map { index in products.reduce(0) { $0 + $1[index] } }
    #expect(Self.distance(sum, one) < 1e-5)
  }

  @Test("pulls back as it moves: the Jacobians sum to the identity", arguments: rows, [1, 3, 6])
  func jacobiansSumToIdentity(row: Row, clients: Int) throws {
    let updates = Self.updates(clients, count: 40)
    let cotangent = Self.vector(40, seed: 3)
    let products = try row.aggregator.pullback(cotangent, at: updates)
    #expect(products.count == clients)
    let sum = (0..<40).map { index in products.reduce(0) { $0 + $1[index] } }
    #expect(Self.distance(sum, cotangent) < 1e-4)
  }

  @Test("the sum of products with cotangents of their own is the sum of one pullback each", arguments: rows)
  func pullbackSum(row: Row) throws {
    let updates = Self.updates(5, count: 40)
    let cotangents = (0..<5).map { Self.vector(40, seed: 10 + $0) }
    let scales: [Float] = [0.5, -1, 2, 0.25, 1]
    var expected = [Float](repeating: 0, count: 40)
    for (client, cotangent) in cotangents.enumerated() {
      let product = try row.aggregator.pullback(cotangent, at: updates)[client]
      for index in expected.indices { expected[index] += scales[client] * product[index] }
    }
    #expect(
      Self.distance(try row.aggregator.pullbackSum(cotangents, scales: scales, at: updates), expected) < 1e-4)
  }

  @Test("pulls back by the slope of finite differences", arguments: rows)
  func slopes(row: Row) throws {
    // In `Float`, so to three digits; in `Double`, and to 1e-6, are the rules' programs below.
    let updates = Self.updates(5, count: 6)
    let cotangent = Self.vector(6, seed: 4)
    let products = try row.aggregator.pullback(cotangent, at: updates)
    for client in 0..<5 {
      for index in 0..<6 {
        func value(_ step: Float) throws -> Double {
          var moved = updates
          moved[client].values[index] += step
          let result = try row.aggregator.aggregate(moved)
          return zip(result, cotangent).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        }
        let rise = try value(4e-3) - value(-4e-3)
        let slope = rise / 8e-3
        #expect(abs(Double(products[client][index]) - slope) < 5e-3, "client \(client), element \(index)")
      }
    }
  }

  @Test("has the same bits whoever took which update in", arguments: rows)
  func grouping(row: Row) throws {
    let updates = Self.updates(7, count: 5000)
    func folded(_ groups: [[Int]]) throws -> [UInt32] {
      var total = row.aggregator.makeAccumulator(count: 5000)
      for group in groups {
        var part = row.aggregator.makeAccumulator(count: 5000)
        for client in group {
          try updates[client].values.withUnsafeBufferPointer {
            try part.fold($0, weight: updates[client].weight, client: client)
          }
        }
        try total.merge(part)
      }
      return try total.finish().map(\.bitPattern)
    }
    let expected = try folded([[0, 1, 2, 3, 4, 5, 6]])
    #expect(try folded([[6, 2], [5, 1, 0], [3], [4]]) == expected)
    #expect(try row.aggregator.aggregate(updates).map(\.bitPattern) == expected)
  }

  @Test("refuses what is not finite or of another length, and nothing at all", arguments: rows)
  func refusal(row: Row) throws {
    var sum = row.aggregator.makeAccumulator(count: 3)
    #expect(throws: FluxionError.self) { try sum.finish() }
    for values: [Float] in [[1, .nan, 1], [1, .infinity, 1], [1, 1], [1, 1, 1, 1]] {
      #expect(throws: FluxionError.self) {
        try values.withUnsafeBufferPointer { try sum.fold($0, weight: 1, client: 0) }
      }
    }
    try [1, 2, 3].withUnsafeBufferPointer { try sum.fold($0, weight: 1, client: 0) }
    #expect(Self.distance(try sum.finish(), [1, 2, 3]) < 1e-6)
    sum.reset()
    #expect(throws: FluxionError.self) { try sum.finish() }
  }

  @Test("is moved by one party that sends huge values, or bears it", arguments: rows)
  func hostile(row: Row) throws {
    var updates = Self.updates(7, count: 40)
    let honest = try row.aggregator.aggregate(Array(updates[1...]))
    for huge: Float in [1e3, 1e6, -1e9] {
      updates[0].values = updates[0].values.map { $0 + huge }
      let result = try row.aggregator.aggregate(updates)
      let moved = Self.distance(result, honest)
      #expect(row.isRobust ? moved < 1.5 : moved > 10, "moved by \(moved)")
    }
  }
}

/// The slope of a function at 0 by the five-point formula (Abramowitz and Stegun 1964, 25.3.6).
func centralSlope(_ f: (Double) throws -> Double) rethrows -> Double {
  let h = 1e-3
  let near = try f(h) - f(-h)
  let far = try f(2 * h) - f(-2 * h)
  return (8 * near - far) / (12 * h)
}

@Suite("The rules of differentiable aggregators")
struct AggregationRuleTests {
  @Test("differentiate to finite differences in Double, away from ties", arguments: [1, 2, 3, 5, 6, 8])
  func coordinatewise(clients: Int) throws {
    let rules = [ExactMean().rule, CoordinateMedian().rule, try TrimmedMean(share: 0.2).rule]
    for rule in rules {
      let program = try rule.program(clients: clients, count: 4)
      // Values a tenth apart, in an order of their own in each coordinate.
      let vectors = (0..<clients).map { client in
        let values = (0..<4).map { (index: Int) -> Double in
          let rank = (client * 7 + index * 3) % clients
          return 0.1 * Double(rank) + 0.001 * Double(index)
        }
        return ReferenceValue(values, [4])
      }
      let shares = (0..<clients).map { _ in ReferenceValue([1 / Double(clients)], .scalar) }
      try GradientChecker().checkGradient(of: program, at: vectors + shares, withRespectTo: Array(0..<clients))
      try GradientChecker().checkAdjoint(of: program, at: vectors + shares, withRespectTo: Array(0..<clients))
    }
  }

  /// A geometric median in `Double`, by the interpreter.
  private func solver(_ points: [[Double]], _ shares: [Double]) throws -> GeometricMedianSolver<Double> {
    let count = points[0].count
    let programs = try Dictionary(
      uniqueKeysWithValues: GeometricMedianForm.allCases.map { ($0, try $0.program(count: count)) })
    return GeometricMedianSolver(points: points, shares: shares, smoothing: 0.01, tolerance: 1e-13) { form, inputs in
      let program = try #require(programs[form])
      let values = zip(inputs, program.inputs).map { ReferenceValue($0, $1.type.shape) }
      return try program.evaluateReference(values).map(\.elements)
    }
  }

  @Test("the geometric median's implicit derivative is the slope of its fixed point, to 1e-6 in Double")
  func geometricMedian() throws {
    let points = AggregatorContractTests.updates(5, count: 4).map { $0.values.map(Double.init) }
    let shares = [0.3, 0.1, 0.2, 0.25, 0.15]
    let cotangent = AggregatorContractTests.vector(4, seed: 5).map(Double.init)
    let here = try solver(points, shares)
    let median = try here.fixedPoint()
    let solution = try here.solve(cotangent, at: median)
    for client in points.indices {
      let product = try here.pullback(solution, to: client, at: median)
      for index in 0..<4 {
        func value(_ step: Double) throws -> Double {
          var moved = points
          moved[client][index] += step
          let point = try solver(moved, shares).fixedPoint()
          return zip(point, cotangent).reduce(0.0) { $0 + $1.0 * $1.1 }
        }
        let slope = try centralSlope(value)
        #expect(abs(product[index] - slope) <= 1e-6 * max(1, abs(slope)), "client \(client), element \(index)")
      }
    }
  }

  @Test("the median and the trimmed mean are those of sorted values, over several blocks", arguments: [1, 2, 7, 10])
  func values(clients: Int) throws {
    let count = 2 * CoordinatewiseRule.blockSize + 5
    let updates = AggregatorContractTests.updates(clients, count: count)
    let median = try CoordinateMedian().aggregate(updates)
    let trimmed = try TrimmedMean(share: 0.2).aggregate(updates)
    for index in stride(from: 0, to: count, by: 97) {
      let sorted = updates.map { $0.values[index] }.sorted()
      let middle = (sorted[(clients - 1) / 2] + sorted[clients / 2]) / 2
      #expect(abs(median[index] - middle) < 1e-6)
      let cut = clients / 5
      let kept = sorted[cut..<(clients - cut)]
      let mean = kept.reduce(0, +) / Float(kept.count)
      #expect(abs(trimmed[index] - mean) < 1e-6)
    }
    let cotangent = AggregatorContractTests.vector(count, seed: 6)
    let products = try CoordinateMedian().pullback(cotangent, at: updates)
    for index in [0, 1, 4095, 4096, 8191, 8192, count - 1] {
      let sorted = updates.map { $0.values[index] }.sorted()
      for (update, product) in zip(updates, products) {
        let value = update.values[index]
        let part = [sorted[(clients - 1) / 2], sorted[clients / 2]].filter { $0 == value }.count
        #expect(product[index] == cotangent[index] * Float(part) / 2)
      }
    }
  }

  @Test("at ties the derivative is shared by those that tie: not negative, and 1 in all")
  func ties() throws {
    let columns: [[Float]] = [
      [1, 1, 2, 0, 5], [3, 3, 3, 3, 3], [0, 1, 1, 1, 9], [2, 2, 2, 0, 0], [-1, 4, 4, -1, 4],
    ]
    let updates = (0..<5).map { client in
      ClientUpdate(client: client, weight: 1, values: columns.map { $0[client] })
    }
    let products = try CoordinateMedian().pullback([1, 1, 1, 1, 1], at: updates)
    for (index, column) in columns.enumerated() {
      let median = column.sorted()[2]
      let parts = products.map { $0[index] }
      #expect(abs(parts.reduce(0, +) - 1) < 1e-6)
      for (value, part) in zip(column, parts) { #expect(value == median ? part >= 0 : part == 0) }
    }
    // Of two, a half each.
    let two = [1, 1].enumerated().map { ClientUpdate(client: $0, weight: 1, values: [Float($1)]) }
    #expect(try CoordinateMedian().pullback([1], at: two) == [[0.5], [0.5]])
  }

  @Test("the sorting network sorts every sequence of zeros and ones, and so everything", arguments: 1...11)
  func sorting(count: Int) {
    let comparators = SortingNetwork.comparators(count)
    for bits in 0..<(1 << count) {
      var values = (0..<count).map { bits >> $0 & 1 }
      for (low, high) in comparators where values[low] > values[high] { values.swapAt(low, high) }
      #expect(values == values.sorted())
    }
  }

  @Test("refuse shares and smoothings that cannot be", arguments: [-0.1, 0.5, .nan, 2] as [Double])
  func refusal(share: Double) {
    #expect(throws: FluxionError.self) { try TrimmedMean(share: share) }
    #expect(throws: FluxionError.self) { try GeometricMedian(smoothing: share == 2 ? 0 : -1) }
  }
}
