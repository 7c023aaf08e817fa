import FluxionCalculus
import Testing

@testable import FluxionFederation

@Suite("The top eigenvalue by Lanczos iteration")
struct LanczosTests {
  private static func estimate(
    _ matrix: SymmetricMatrix, steps: Int = 40, tolerance: Double = 1e-6
  ) -> Lanczos.Estimate? {
    var lanczos = Lanczos(
      start: Hutchinson.probe(count: matrix.count, key: RandomKey(seed: 3)), maximumSteps: steps, tolerance: tolerance)
    while let direction = lanczos.direction { lanczos.take(matrix.times(direction)) }
    return lanczos.estimate
  }

  @Test("is that of the dense matrix, within the bound that it gives", arguments: [1, 2, 5, 30, 100])
  func dense(count: Int) throws {
    // A few large ones above many small ones of either sign, as the Hessian of a network has.
    let values = (0..<count).map { index -> Double in
      let position = Double(index)
      return index < 3 ? 20 - 6 * position : 2 * position / Double(count) - 1
    }
    let matrix = SymmetricMatrix.withEigenvalues(values, seed: UInt64(count))
    let top = try #require(matrix.eigenvalues.last)
    #expect(abs(top - 20) < 1e-9)
    let estimate = try #require(Self.estimate(matrix))
    #expect(abs(estimate.value - top) < 1e-4)
    let rough = try #require(Self.estimate(matrix, steps: 4, tolerance: 1e-9))
    #expect(abs(rough.value - top) <= rough.error + 1e-4)
    #expect(rough.steps <= 4 && rough.value <= top + 1e-4)
  }

  @Test("is the largest with its sign, not the largest in magnitude")
  func negative() throws {
    let matrix = SymmetricMatrix.withEigenvalues([-50, -3, -2, -1, 2], seed: 8)
    #expect(abs(try #require(Self.estimate(matrix)).value - 2) < 1e-4)
  }

  @Test("ends as soon as it is as exact as was asked for, or after so many products")
  func ends() throws {
    let matrix = SymmetricMatrix.withEigenvalues(
      [100] + (0..<60).map { index -> Double in Double(index) / 60 }, seed: 1)
    let loose = try #require(Self.estimate(matrix, tolerance: 0.05))
    let tight = try #require(Self.estimate(matrix, tolerance: 1e-5))
    #expect(loose.steps < tight.steps && tight.steps < 20)
    #expect(loose.error <= 0.05 * loose.value)
    #expect(Self.estimate(matrix, steps: 2)?.steps == 2)
    #expect(Self.estimate(matrix, steps: 0) == nil)
  }

  @Test("of no curvature is 0; of a start that is nothing there is none")
  func degenerate() throws {
    let flat = SymmetricMatrix(rows: Array(repeating: Array(repeating: 0, count: 5), count: 5))
    #expect(try #require(Self.estimate(flat)).value == 0)
    #expect(Lanczos(start: [0, 0], maximumSteps: 3, tolerance: 0.1).direction == nil)
    var lanczos = Lanczos(start: [1, 1], maximumSteps: 3, tolerance: 0.1)
    lanczos.take([.nan, 1])
    #expect(lanczos.estimate == nil && lanczos.direction == nil)
  }

  @Test("solves tridiagonal matrices as Jacobi's rotations do", arguments: 1...12)
  func tridiagonal(count: Int) {
    let diagonal = SymmetricMatrix.numbers(count, RandomKey(seed: 1).folding("diagonal", count))
    let beside = SymmetricMatrix.numbers(count - 1, RandomKey(seed: 1).folding("beside", count))
    var dense = SymmetricMatrix(rows: Array(repeating: Array(repeating: 0, count: count), count: count))
    for i in 0..<count { dense.rows[i][i] = diagonal[i] }
    for i in 0..<(count - 1) { (dense.rows[i][i + 1], dense.rows[i + 1][i]) = (beside[i], beside[i]) }
    let (values, lastRow) = Lanczos.eigenvalues(diagonal, beside)
    for (value, expected) in zip(values.sorted(), dense.eigenvalues) { #expect(abs(value - expected) < 1e-12) }
    // A row of an orthogonal matrix, and the last entry of the matrix from it.
    let (norm, corner) = zip(values, lastRow).reduce((0.0, 0.0)) { sums, next in
      (sums.0 + next.1 * next.1, sums.1 + next.0 * next.1 * next.1)
    }
    #expect(abs(norm - 1) < 1e-12)
    #expect(abs(corner - diagonal[count - 1]) < 1e-12)
  }
}

@Suite("The trace by Hutchinson's estimator")
struct HutchinsonTests {
  private static func estimate(_ matrix: SymmetricMatrix, probes: Int) -> Hutchinson.Estimate? {
    var hutchinson = Hutchinson()
    for number in 0..<probes {
      let probe = Hutchinson.probe(count: matrix.count, key: RandomKey(seed: 5).folding("probe", number))
      hutchinson.take(matrix.times(probe), of: probe)
    }
    return hutchinson.estimate
  }

  @Test("is that of the dense matrix, as far as its standard error says")
  func dense() throws {
    let values = (0..<40).map { index -> Double in Double(index * index) / 100 }
    let matrix = SymmetricMatrix.withEigenvalues(values, seed: 2)
    let few = try #require(Self.estimate(matrix, probes: 16))
    let many = try #require(Self.estimate(matrix, probes: 1600))
    let (rough, fine) = (try #require(few.standardError), try #require(many.standardError))
    #expect(abs(few.value - matrix.trace) < 4 * rough)
    #expect(abs(many.value - matrix.trace) < 4 * fine)
    // A hundred times the probes, a tenth of the error: which is √(2 Σ a_ij²/n) over i ≠ j.
    var offDiagonal = 0.0
    for (i, row) in matrix.rows.enumerated() {
      for (j, entry) in row.enumerated() where i != j { offDiagonal += entry * entry }
    }
    let expected = (2 * offDiagonal / 1600).squareRoot()
    #expect(abs(fine / expected - 1) < 0.15)
  }

  @Test("is exact for a diagonal matrix, has no error for one probe, and does not exist for none")
  func small() throws {
    let diagonal = SymmetricMatrix(rows: [[3, 0], [0, -1]])
    #expect(Self.estimate(diagonal, probes: 1) == Hutchinson.Estimate(value: 2))
    #expect(Self.estimate(diagonal, probes: 3) == Hutchinson.Estimate(value: 2, standardError: 0))
    #expect(Self.estimate(diagonal, probes: 0) == nil)
  }

  @Test("has probes of ±1, as many of either")
  func probes() {
    let probe = Hutchinson.probe(count: 10_000, key: RandomKey(seed: 1))
    #expect(probe.allSatisfy { abs($0) == 1 })
    #expect(abs(probe.reduce(0, +)) < 400)
    #expect(probe != Hutchinson.probe(count: 10_000, key: RandomKey(seed: 2)))
  }
}
