import FluxionCalculus
import FluxionData
import Testing

@Suite("The train/test split")
struct SplitTests {
  @Test("covers every sample once, in the asked proportion", arguments: [0.001, 0.2, 0.5, 0.999], [true, false])
  func covers(_ fraction: Double, _ stratified: Bool) throws {
    let data = try Samples.table(count: 777)
    let split = try data.split(testFraction: fraction, seed: 3, stratified: stratified)
    #expect(split.test.count == min(776, max(1, Int((777 * fraction).rounded()))))
    #expect((Array(split.train.indices) + split.test.indices).sorted() == (0..<777).map { Int32($0) })
    #expect(Array(split.train.indices) == split.train.indices.sorted())
  }

  @Test("takes the same part of every class where stratified", arguments: [0.1, 0.25, 0.37])
  func stratifies(_ fraction: Double) throws {
    let data = try Samples.table(count: 1000)
    let split = try data.split(testFraction: fraction, seed: 3, stratified: true)
    for (taken, all) in zip(split.test.labelHistogram(), data.all.labelHistogram()) {
      #expect(abs(Double(taken) - fraction * Double(all)) < 1)
    }
  }

  @Test("is a function of the seed", arguments: [true, false])
  func followsSeed(_ stratified: Bool) throws {
    let data = try Samples.table(count: 200)
    let tests = try [1, 1, 2].map {
      Array(try data.split(testFraction: 0.3, seed: $0, stratified: stratified).test.indices)
    }
    #expect(tests[0] == tests[1])
    #expect(tests[0] != tests[2])
  }

  @Test("refuses fractions that leave a side empty, single samples, and strata of regression data")
  func refusals() throws {
    let data = try Samples.table(count: 10)
    for fraction in [0, 1, -0.5, 2, Double.nan, .infinity] {
      #expect(fluxionError { try data.split(testFraction: fraction) }?.code == .invalidArgument)
    }
    #expect(fluxionError { try data.subset([1]).split(testFraction: 0.5) }?.code == .invalidArgument)
    let line = try Samples.regression(count: 10)
    #expect(fluxionError { try line.split(testFraction: 0.5, stratified: true) }?.code == .invalidArgument)
    #expect(try line.split(testFraction: 0.5).test.count == 5)
  }
}
