import Foundation

/// The largest eigenvalue of a symmetric matrix that only products with vectors are known of.
///
/// Lanczos 1950, "An iteration method for the solution of the eigenvalue problem of linear differential and integral
/// operators", with full reorthogonalisation (Golub and Van Loan 2013, "Matrix Computations", section 10.3): after m
/// products the largest eigenvalue of an m × m tridiagonal matrix is the best estimate that a polynomial of the matrix
/// gives, and never above the true one but for rounding. Products are asked for one by one, so that the caller may
/// compute them anywhere:
///
/// ```swift
/// var lanczos = Lanczos(start: vector, maximumSteps: 20, tolerance: 0.01)
/// while let direction = lanczos.direction { lanczos.take(hessian(times: direction)) }
/// print(lanczos.estimate?.value ?? 0)
/// ```
public struct Lanczos: Sendable {
  public struct Estimate: Sendable, Equatable {
    public var value: Double
    /// An eigenvalue of the matrix lies within this of ``value``: the residual `‖Hx − θx‖` of the Ritz vector.
    public var error: Double
    /// The products taken.
    public var steps: Int

    package init(value: Double, error: Double, steps: Int) {
      self.value = value
      self.error = error
      self.steps = steps
    }
  }

  /// The unit vector that the next product is wanted of; nil at the end.
  package private(set) var direction: [Float]?
  package private(set) var estimate: Estimate?

  private let maximumSteps: Int
  private let tolerance: Double
  private var basis: [[Float]] = []
  private var diagonal: [Double] = []
  private var offDiagonal: [Double] = []

  /// - Parameters:
  ///   - start: any vector that is not orthogonal to the eigenvector sought; a random one.
  ///   - tolerance: the iteration ends when the error is this part of the eigenvalue.
  package init(start: [Float], maximumSteps: Int, tolerance: Double) {
    self.maximumSteps = min(maximumSteps, start.count)
    self.tolerance = tolerance
    direction = self.maximumSteps > 0 ? Self.normalized(start)?.vector : nil
  }

  /// Takes in the product of the matrix with ``direction``.
  package mutating func take(_ product: [Float]) {
    guard let current = direction else { return }
    direction = nil
    basis.append(current)
    diagonal.append(dotProduct(current, product))
    var residual = product
    // Twice is enough: once leaves what rounding left (Parlett 1998, "The Symmetric Eigenvalue Problem", section 6.9).
    for _ in 0..<2 {
      for vector in basis { Self.add(-dotProduct(vector, residual), vector, to: &residual) }
    }
    let next = Self.normalized(residual)
    let norm = next?.norm ?? 0
    let (values, lastRow) = Self.eigenvalues(diagonal, offDiagonal)
    guard let top = values.indices.max(by: { values[$0] < values[$1] }), values[top].isFinite else { return }
    let error = norm * abs(lastRow[top])
    estimate = Estimate(value: values[top], error: error, steps: basis.count)
    let scale = values.reduce(0) { max($0, abs($1)) }
    guard basis.count < maximumSteps, error > tolerance * abs(values[top]), norm > 1e-6 * scale else { return }
    offDiagonal.append(norm)
    direction = next?.vector
  }

  private static func normalized(_ vector: [Float]) -> (vector: [Float], norm: Double)? {
    let norm = dotProduct(vector, vector).squareRoot()
    guard norm > 0, norm.isFinite else { return nil }
    return (vector.map { Float(Double($0) / norm) }, norm)
  }

  private static func add(_ factor: Double, _ vector: [Float], to sum: inout [Float]) {
    let factor = Float(factor)
    sum.withUnsafeMutableBufferPointer { sum in
      vector.withUnsafeBufferPointer { vector in
        for index in 0..<sum.count { sum[index] += factor * vector[index] }
      }
    }
  }

  /// The eigenvalues of a symmetric tridiagonal matrix, and of each eigenvector the last component: the QL algorithm with
  /// implicit shifts (Dubrulle, Martin and Wilkinson 1968, "The implicit QL algorithm").
  static func eigenvalues(_ diagonal: [Double], _ offDiagonal: [Double]) -> (values: [Double], lastRow: [Double]) {
    let count = diagonal.count
    var d = diagonal
    var e = offDiagonal + [0]
    var z = [Double](repeating: 0, count: count)
    z[count - 1] = 1
    for l in 0..<count {
      for _ in 0..<60 {
        let m = (l..<count - 1).first { abs(e[$0]) <= .ulpOfOne * (abs(d[$0]) + abs(d[$0 + 1])) } ?? count - 1
        if m == l { break }
        var g = (d[l + 1] - d[l]) / (2 * e[l])
        var r = hypot(g, 1)
        g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r))
        var (s, c, p) = (1.0, 1.0, 0.0)
        var isDeflated = false
        for i in stride(from: m - 1, through: l, by: -1) {
          let (f, b) = (s * e[i], c * e[i])
          r = hypot(f, g)
          e[i + 1] = r
          if r == 0 {
            d[i + 1] -= p
            e[m] = 0
            isDeflated = true
            break
          }
          (s, c) = (f / r, g / r)
          g = d[i + 1] - p
          r = (d[i] - g) * s + 2 * c * b
          p = s * r
          d[i + 1] = g + p
          g = c * r - b
          (z[i], z[i + 1]) = (c * z[i] - s * z[i + 1], s * z[i] + c * z[i + 1])
        }
        if isDeflated { continue }
        d[l] -= p
        e[l] = g
        e[m] = 0
      }
    }
    return (d, z)
  }
}
