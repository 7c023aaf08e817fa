import CFluxionKernels
public import FluxionCalculus

/// A weighted sum of vectors that has the same bits whatever the order, the grouping and the number of threads.
///
/// Floating-point addition is not associative, so a plain sum depends on who reports first. Here every product
/// `weight · value` is rounded once to a multiple of 2⁻³² and added as an integer, and integer addition is
/// associative. The rounding is at most 2⁻³³ a contribution, far below the last place of a `Float` mean.
///
/// Products of 2¹⁹ and more go to a second, coarse sum in multiples of 2⁻⁸ (2⁻²⁸ of such a product at most, less than a
/// `Float` resolves), which is only allocated when there is one. Which sum takes a product depends on that product
/// alone. The two are combined exactly.
///
/// ```swift
/// var sum = ExactAccumulator(count: 3)
/// try sum.add([1, 2, 3], weight: 600)
/// try sum.add([2, 4, 6], weight: 200)
/// sum.mean()  // [1.25, 2.5, 3.75]
/// ```
public struct ExactAccumulator: Sendable {
  /// Sums in units of 2⁻³².
  private var fine: [Int64]
  /// Sums in units of 2⁻⁸, wide enough for any number of contributions; empty until needed.
  private var coarse: [Int128] = []
  /// The sum of weights in units of 2⁻²⁰.
  private var weightUnits: Int64 = 0
  /// How many vectors were added.
  public private(set) var contributions = 0
  /// A bound of the magnitude of every fine sum, as a product.
  private var bound: Double = 0

  private static let fineScale = 0x1p32
  private static let coarseScale = 0x1p8
  private static let weightScale = 0x1p20
  /// Products of this magnitude and more are coarse.
  private static let fineLimit = 0x1p19
  /// Products of this magnitude and more are refused.
  private static let coarseLimit = 0x1p43
  /// Fine sums are carried over before they can reach this, far from the end of 64 bits.
  private static let carryLimit = 0x1p29
  /// A carry moves all but this many bits: the ratio of the two units.
  private static let carryShift = 24
  /// Elements of a block: its sums and one vector's part stay in the second-level cache.
  private static let blockSize = 32_768
  /// Vectors that are added together: few enough that fine sums have room for all before the next carry.
  private static let groupSize = 512

  public init(count: Int) { fine = [Int64](repeating: 0, count: count) }

  /// The number of elements of every vector.
  public var count: Int { fine.count }

  /// The sum of the weights.
  public var weight: Double { Double(weightUnits) / Self.weightScale }

  /// Adds a vector.
  ///
  /// - Parameter weight: positive; taken to the nearest multiple of 2⁻²⁰.
  /// - Throws: ``FluxionError`` with code `diverged` if an element is not finite or absurdly large, with code
  ///   `invalidArgument` for a wrong count or weight. Nothing is added then.
  public mutating func add(_ values: [Float], weight: Double) throws(FluxionError) {
    try values.withUnsafeBufferPointer { values throws(FluxionError) in try add(values, weight: weight) }
  }

  /// Adds a vector where it lies, or its difference from another of the same length, without allocating.
  ///
  /// - Parameter base: what is subtracted from each element, in `Float`; nothing if nil.
  public mutating func add(
    _ values: UnsafeBufferPointer<Float>, minus base: UnsafeBufferPointer<Float>? = nil, weight: Double
  ) throws(FluxionError) {
    guard values.count == count, base.map({ $0.count == count }) ?? true else {
      throw FluxionError(.invalidArgument, "an update has \(values.count) elements; the sum has \(count)")
    }
    let (units, total) = try self.units(of: weight)
    let weight = units / Self.weightScale
    guard let start = values.baseAddress else { return note(total, contributions: 1, bound: 0) }
    let largest = fine.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress else { return 0.0 }
      // Adds nothing if the largest product is not below the fine limit.
      return Double(
        fx_accumulate(Int64(values.count), start, base?.baseAddress, weight * Self.fineScale, sums)) * weight
    }
    if largest < Self.fineLimit { return note(total, contributions: 1, bound: largest) }
    guard largest < Self.coarseLimit else {
      let what = largest.isFinite ? "an element of magnitude \(largest / weight)" : "an element that is not finite"
      throw FluxionError(.diverged, "an update has \(what)")
    }
    addBySize(values, minus: base, weight)
    note(total, contributions: 1, bound: Self.fineLimit)
  }

  /// Adds everything that another accumulator of the same count holds.
  public mutating func merge(_ other: ExactAccumulator) {
    precondition(other.count == count, "sums of different lengths cannot be merged")
    for index in fine.indices { fine[index] &+= other.fine[index] }
    if !other.coarse.isEmpty {
      allocateCoarse()
      for index in coarse.indices { coarse[index] += other.coarse[index] }
    }
    note(weightUnits &+ other.weightUnits, contributions: other.contributions, bound: other.bound)
  }

  /// Back to the sum of nothing, keeping the memory.
  public mutating func reset() {
    fine.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    coarse = []
    (weightUnits, contributions, bound) = (0, 0, 0)
  }

  /// The weighted mean; zeros if nothing was added.
  public func mean() -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      writeMean(to: buffer)
      initialized = count
    }
  }

  /// Writes the weighted mean to memory for ``count`` floats.
  public func writeMean(to buffer: UnsafeMutableBufferPointer<Float>) {
    guard let out = buffer.baseAddress else { return }
    guard weightUnits > 0 else {
      buffer.initialize(repeating: 0)
      return
    }
    let scale = 1 / (Self.fineScale * weight)
    if coarse.isEmpty {
      fine.withUnsafeBufferPointer { sums in
        guard let sums = sums.baseAddress else { return }
        fx_accumulate_finish(Int64(count), sums, scale, out)
      }
    } else {
      for index in 0..<count {
        let sum = coarse[index] << Int128(Self.carryShift) + Int128(fine[index])
        out[index] = Float(Double(sum) * scale)
      }
    }
  }

  /// Writes the weighted mean of vectors that are all there: the bits of adding one after the other, at the speed of
  /// reading them once.
  ///
  /// The sums are taken block by block, small enough to stay in the cache while every vector passes by.
  ///
  /// ```swift
  /// try ExactAccumulator.writeMean(of: updates, weights: [600, 200], to: mean)
  /// ```
  ///
  /// - Parameters:
  ///   - vectors: as long as `mean`.
  ///   - weights: one for each vector, positive; taken to the nearest multiple of 2⁻²⁰.
  /// - Throws: ``FluxionError`` as for adding them; what `mean` holds then is part of an answer.
  public static func writeMean(
    of vectors: [UnsafeBufferPointer<Float>], weights: [Double], to mean: UnsafeMutableBufferPointer<Float>
  ) throws(FluxionError) {
    guard vectors.count == weights.count else {
      throw FluxionError(.invalidArgument, "\(vectors.count) updates have \(weights.count) weights")
    }
    for vector in vectors where vector.count != mean.count {
      throw FluxionError(.invalidArgument, "an update has \(vector.count) elements; the mean has \(mean.count)")
    }
    var sum = ExactAccumulator(count: min(blockSize, mean.count))
    for start in stride(from: 0, to: mean.count, by: blockSize) {
      let block = start..<min(start + blockSize, mean.count)
      if block.count == sum.count { sum.reset() } else { sum = ExactAccumulator(count: block.count) }
      try sum.add(block, of: vectors, weights: weights)
      sum.writeMean(to: UnsafeMutableBufferPointer(rebasing: mean[block]))
    }
  }

  /// Adds the same elements of many vectors; as adding one after the other, but with fewer passes over the sums.
  private mutating func add(
    _ block: Range<Int>, of vectors: [UnsafeBufferPointer<Float>], weights: [Double]
  ) throws(FluxionError) {
    for start in stride(from: 0, to: vectors.count, by: Self.groupSize) {
      let group = start..<min(start + Self.groupSize, vectors.count)
      if try addGroup(block, of: vectors[group], weights: weights[group]) { continue }
      for index in group { try add(UnsafeBufferPointer(rebasing: vectors[index][block]), weight: weights[index]) }
    }
  }

  /// Adds to the fine sums; or nothing, and false, if an element of one of the vectors does not go there.
  private mutating func addGroup(
    _ block: Range<Int>, of vectors: ArraySlice<UnsafeBufferPointer<Float>>, weights: ArraySlice<Double>
  ) throws(FluxionError) -> Bool {
    var total = weightUnits
    var scales: [Double] = []
    for weight in weights {
      let units = try units(of: weight, after: total)
      total = units.total
      scales.append(units.units / Self.weightScale * Self.fineScale)
    }
    let starts = vectors.compactMap(\.baseAddress)
    var tops = [Float](repeating: 0, count: starts.count)
    let fits = fine.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress, starts.count == scales.count else { return false }
      return 0
        != fx_accumulate_many(
          Int64(block.count), Int32(starts.count), starts, Int64(block.lowerBound), scales, sums, &tops)
    }
    guard fits else { return false }
    let bound = zip(tops, scales).reduce(0) { $0 + Double($1.0) * $1.1 / Self.fineScale }
    note(total, contributions: starts.count, bound: bound)
    return true
  }

  private mutating func addBySize(
    _ values: UnsafeBufferPointer<Float>, minus base: UnsafeBufferPointer<Float>?, _ weight: Double
  ) {
    allocateCoarse()
    for (index, value) in values.enumerated() {
      let product = Double(base.map { value - $0[index] } ?? value) * weight
      if abs(product) < Self.fineLimit {
        fine[index] &+= Int64((product * Self.fineScale).rounded(.toNearestOrEven))
      } else {
        coarse[index] += Int128((product * Self.coarseScale).rounded(.toNearestOrEven))
      }
    }
  }

  /// A weight in units of 2⁻²⁰, and the sum of weights with it.
  private func units(of weight: Double, after total: Int64? = nil) throws(FluxionError) -> (units: Double, total: Int64)
  {
    guard weight > 0, weight < 0x1p40 else {
      throw FluxionError(.invalidArgument, "a weight is positive and below 2^40; it was \(weight)")
    }
    let units = (weight * Self.weightScale).rounded()
    let (sum, overflow) = (total ?? weightUnits).addingReportingOverflow(Int64(units))
    guard units >= 1, !overflow else {
      throw FluxionError(.invalidArgument, "the weight \(weight) is too small or the sum of weights too large")
    }
    return (units, sum)
  }

  /// Notes what was added, and makes room for what will be: moves the high parts of the fine sums to the coarse ones,
  /// exactly, long before 64 bits are full.
  private mutating func note(_ weightUnits: Int64, contributions: Int, bound magnitude: Double) {
    self.weightUnits = weightUnits
    self.contributions += contributions
    bound += magnitude
    guard bound >= Self.carryLimit else { return }
    allocateCoarse()
    for index in fine.indices {
      coarse[index] += Int128(fine[index] >> Int64(Self.carryShift))
      fine[index] &= (1 << Int64(Self.carryShift)) - 1
    }
    bound = Double(1 << Self.carryShift) / Self.fineScale
  }

  private mutating func allocateCoarse() {
    if coarse.isEmpty { coarse = [Int128](repeating: 0, count: count) }
  }
}
