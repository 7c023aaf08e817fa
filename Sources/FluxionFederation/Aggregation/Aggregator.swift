/// How updates become one.
public protocol Aggregator: Sendable {
  /// The name in records.
  var name: String { get }

  /// An empty accumulator for updates of `count` values, one for each parameter; what it makes of them has as many.
  func makeAccumulator(count: Int) -> any UpdateAccumulator
}

/// Updates on their way to becoming one.
///
/// Several accumulators of one aggregator take parts of a cohort, on threads of their own, and are merged. What
/// ``finish()`` returns is a function of the set of updates alone: not of their order, nor of who took which.
public protocol UpdateAccumulator: Sendable {
  /// Takes in an update, which is not kept beyond the call unless copied.
  ///
  /// - Parameters:
  ///   - update: finite values, as many as the accumulator was made for, and as many behind them where the plan asks
  ///     for a gradient.
  ///   - weight: what it counts; positive.
  ///   - client: whose it is, for aggregators to which that matters.
  /// - Throws: ``FluxionError/Code/diverged`` for a value that is not finite; the accumulator is then unchanged.
  mutating func fold(_ update: UnsafeBufferPointer<Float>, weight: Int, client: Int) throws

  /// Takes in the difference of two vectors as an update: `values − start`.
  ///
  /// - Parameter values: may be changed by the call.
  /// - Throws: as ``fold(_:weight:client:)``.
  mutating func foldChange(
    of values: UnsafeMutableBufferPointer<Float>, from start: UnsafeBufferPointer<Float>, weight: Int, client: Int
  ) throws

  /// Takes in what another accumulator of the same aggregator took in.
  mutating func merge(_ other: any UpdateAccumulator) throws

  /// The aggregate of everything taken in.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` if that is nothing.
  func finish() throws -> [Float]

  /// Forgets everything, keeping the memory.
  mutating func reset()

  /// The updates themselves, ascending by client; nil unless they are kept one by one.
  var updates: [ClientUpdate]? { get }
}

extension UpdateAccumulator {
  public mutating func foldChange(
    of values: UnsafeMutableBufferPointer<Float>, from start: UnsafeBufferPointer<Float>, weight: Int, client: Int
  ) throws {
    for index in 0..<min(values.count, start.count) { values[index] -= start[index] }
    try fold(UnsafeBufferPointer(values), weight: weight, client: client)
  }

  public var updates: [ClientUpdate]? { nil }
}

/// One client's update as it arrived.
public struct ClientUpdate: Codable, Hashable, Sendable {
  public var client: Int
  /// What it counts; positive.
  public var weight: Int
  public var values: [Float]
  /// The gradient that came behind it, if the plan asked for one; see ``RoundPlan/gradient``.
  public var gradient: [Float]?

  public init(client: Int, weight: Int, values: [Float], gradient: [Float]? = nil) {
    self.client = client
    self.weight = weight
    self.values = values
    self.gradient = gradient
  }
}
