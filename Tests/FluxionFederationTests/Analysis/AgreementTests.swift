import FluxionCalculus
import Testing

@testable import FluxionFederation

@Suite("The agreement of vectors")
struct AgreementTests {
  private func agreement(_ vectors: [[Float]]) -> Agreement { Agreement(GramMatrix(vectors)) }

  @Test("has the diversity and conflict that closed forms give")
  func closedForms() {
    let equal = agreement(Array(repeating: [1, 2, 2], count: 4))
    #expect(equal.diversity == 0.25 && equal.conflict == 0 && equal.meanCosine == 1)
    let orthogonal = agreement([[3, 0, 0], [0, 4, 0], [0, 0, 5]])
    #expect(orthogonal.diversity == 1 && orthogonal.conflict == 0 && orthogonal.meanCosine == 0)
    // 1 + 1 + 4 over |(1, 0)|², and one pair of three that conflicts.
    let against = agreement([[1, 0], [-1, 0], [0, 2]])
    #expect(against.diversity == 6.0 / 4 && against.conflict == 1.0 / 3)
    #expect(against.cosines == [[1, -1, 0], [-1, 1, 0], [0, 0, 1]])
    #expect(against.meanCosine(of: 0) == -0.5)
  }

  @Test("has no diversity where vectors cancel, and no cosine with nothing")
  func degenerate() {
    let cancelling = agreement([[1, 1], [-1, -1]])
    #expect(cancelling.diversity == nil && cancelling.conflict == 1)
    let withZero = agreement([[0, 0], [1, 0], [1, 1]])
    #expect(withZero.cosines[0] == [nil, nil, nil])
    #expect(withZero.meanCosine(of: 0) == nil)
    #expect(withZero.cosines[2] == [nil, 0.7071, 1])
    let alone = agreement([[1, 2]])
    #expect(alone.meanCosine == nil && alone.conflict == nil && alone.diversity == 1)
    #expect(agreement([[.nan, 1], [1, 1]]).diversity == nil)
  }

  @Test("tells apart who points elsewhere, by robust deviations from the median")
  func outliers() {
    func towards(_ angles: [Double]) -> [Int] {
      // Planes turned by small angles; the cosine of two is that of their angles' difference.
      var vectors: [[Float]] = []
      for angle in angles {
        var generator = RandomKey(seed: 9).folding("turn", vectors.count).generator()
        let turn = angle + 0.05 * (generator.nextUniformDouble() - 0.5)
        vectors.append([Float(cosine(turn)), Float(sine(turn))])
      }
      return agreement(vectors).outliers
    }
    #expect(towards([0, 0.1, -0.1, 0.2, -0.2, 2.8]) == [5])
    #expect(towards([0, 3, 0.1, -0.1, 0.2, -0.2, 2.8]) == [1, 6])
    #expect(towards([0, 0.1, -0.1, 0.2, -0.2]).isEmpty)
    // Far apart as a rule: one more that is far apart does not stand out.
    #expect(towards([0, 1, 2, 3, 4, 5]).isEmpty)
    // All alike but for trifles.
    #expect(towards([0, 0, 0, 0, 0, 0.3]).isEmpty)
    #expect(towards([0, 0.1, 3]).isEmpty)
  }

  private func cosine(_ x: Double) -> Double { 1 - sineHalf(x) * sineHalf(x) * 2 }
  private func sine(_ x: Double) -> Double { cosine(x - .pi / 2) }
  /// sin(x/2) by its series; enough for |x| ≤ 7.
  private func sineHalf(_ x: Double) -> Double {
    let half = x / 2
    var (term, sum) = (half, half)
    for n in 1..<14 {
      term *= -half * half / Double(2 * n * (2 * n + 1))
      sum += term
    }
    return sum
  }

  @Test("comes from inner products that pieces add up to")
  func gram() {
    let vectors = (0..<3).map { row in
      SymmetricMatrix.numbers(10_001, RandomKey(seed: 4).folding("vector", row)).map { Float($0) }
    }
    let whole = GramMatrix(vectors)
    var sum = GramMatrix(count: 3)
    for range in [0..<1, 1..<5_003, 5_003..<10_001] { sum += GramMatrix(vectors, in: range) }
    for i in 0..<3 {
      for j in 0..<3 {
        let expected = SymmetricMatrix.product(vectors[i].map(Double.init), vectors[j].map(Double.init))
        #expect(abs(whole[i, j] - expected) < 1e-9)
        #expect(abs(sum[i, j] - expected) < 1e-9)
      }
    }
    let combined = (0..<10_001).map { 2 * vectors[0][$0] - vectors[2][$0] }
    #expect(abs(whole.product([2, 0, -1], [2, 0, -1]) - dotProduct(combined, combined)) < 1e-3)
  }
}

@Suite("The gradient noise scale")
struct GradientNoiseScaleTests {
  /// A normal draw, near enough: the sum of twelve uniform ones has mean 6 and variance 1.
  private static func normal(_ generator: inout CounterBasedGenerator) -> Double {
    (0..<12).reduce(-6) { sum, _ in sum + generator.nextUniformDouble() }
  }

  /// The gradient of a party whose samples' gradients are `mean` plus noise of a deviation in each of so many
  /// coordinates, as a sweep in chunks of these sizes finds it.
  private static func sweep(
    mean: [Double], deviation: Double, chunks: [Int], _ generator: inout CounterBasedGenerator
  ) -> (sample: GradientSample, gradient: [Double]) {
    let n = chunks.reduce(0, +)
    var gradient = [Double](repeating: 0, count: mean.count)
    var squares = 0.0
    for size in chunks {
      let spread = deviation / Double(size).squareRoot()
      let chunk = mean.map { entry -> Double in entry + spread * normal(&generator) }
      squares += Double(size) / Double(n) * squared(chunk)
      for index in gradient.indices { gradient[index] += Double(size) / Double(n) * chunk[index] }
    }
    return (GradientSample(samples: n, chunks: chunks.count, meanSquaredChunkNorm: squares), gradient)
  }

  private static func squared(_ vector: [Double]) -> Double { SymmetricMatrix.product(vector, vector) }

  @Test(
    "is estimated without bias from two batch sizes, with chunks of one size or not",
    arguments: [
      [8, 8, 8, 8], [32, 32, 32, 5], [1, 1],
    ])
  func unbiased(chunks: [Int]) throws {
    let mean = (0..<20).map { Double($0) / 50 }
    let deviation = 0.7
    var generator = RandomKey(seed: 11).generator()
    let runs = 4000
    var (trace, norm) = (0.0, 0.0)
    for _ in 0..<runs {
      let (sample, gradient) = Self.sweep(mean: mean, deviation: deviation, chunks: chunks, &generator)
      let noise = try #require(GradientNoiseScale(sample, squaredNorm: Self.squared(gradient)))
      trace += try #require(noise.covarianceTrace) / Double(runs)
      norm += try #require(noise.squaredNorm) / Double(runs)
    }
    #expect(abs(trace - 20 * deviation * deviation) < 0.25)
    #expect(abs(norm - Self.squared(mean)) < 0.05)
  }

  @Test("of a federation has the spread within its parties and between them")
  func pooled() throws {
    // Two parties, three quarters and a quarter of the data, that want opposite things.
    let means = [(0..<20).map { _ in 0.3 }, (0..<20).map { _ in -0.3 }]
    let shares = [0.75, 0.25]
    let deviations = [0.5, 1.0]
    func mixed(_ vectors: [[Double]]) -> [Double] {
      (0..<20).map { index -> Double in shares[0] * vectors[0][index] + shares[1] * vectors[1][index] }
    }
    let truth = mixed(means)
    var (between, within) = (-Self.squared(truth), 0.0)
    for party in 0..<2 {
      between += shares[party] * Self.squared(means[party])
      within += shares[party] * 20 * deviations[party] * deviations[party]
    }
    var generator = RandomKey(seed: 12).generator()
    let runs = 3000
    var (trace, norm) = (0.0, 0.0)
    for _ in 0..<runs {
      let sweeps = (0..<2).map { party in
        Self.sweep(mean: means[party], deviation: deviations[party], chunks: [8, 8, 8], &generator)
      }
      let parts = (0..<2).map { party -> (share: Double, samples: Int, noise: GradientNoiseScale?) in
        let (sample, gradient) = sweeps[party]
        return (shares[party], 24, GradientNoiseScale(sample, squaredNorm: Self.squared(gradient)))
      }
      let mean = mixed(sweeps.map(\.gradient))
      let noise = try #require(GradientNoiseScale(pooling: parts, squaredNorm: Self.squared(mean)))
      trace += try #require(noise.covarianceTrace) / Double(runs)
      norm += try #require(noise.squaredNorm) / Double(runs)
    }
    #expect(abs(trace - within - between) < 0.2)
    #expect(abs(norm - Self.squared(truth)) < 0.03)
  }

  @Test("suggests the ratio of the two, 0 for none, and nothing where noise hides the gradient")
  func ratio() throws {
    func scale(_ squares: Double, _ squaredNorm: Double) -> GradientNoiseScale? {
      GradientNoiseScale(
        GradientSample(samples: 40, chunks: 5, meanSquaredChunkNorm: squares), squaredNorm: squaredNorm)
    }
    // tr = 40 (2 − 1)/4 = 10, |G|² = 1 − 10/40.
    #expect(scale(2, 1)?.batchSize == 10 / 0.75)
    #expect(scale(1, 1)?.batchSize == 0)
    #expect(scale(6, 1)?.batchSize == nil && scale(6, 1)?.squaredNorm == -0.25)
    #expect(GradientNoiseScale(GradientSample(samples: 9, chunks: 1), squaredNorm: 1) == nil)
    #expect(GradientNoiseScale(pooling: [(1, 9, nil)], squaredNorm: 1) == nil)
  }
}
