@testable import FluxionCalculus

extension OperatorCase {
  static let shaping: [OperatorCase] = reductions + moves + joins + indexings + products

  private static let reductions: [OperatorCase] =
    [
      ([2, 3, 2], [0]), ([2, 3, 2], [1]), ([2, 3, 2], [0, 2]), ([2, 3, 2], [0, 1, 2]), ([4], [0]), ([1, 3], [0]),
      ([3, 1, 2], [1, 2]), ([0, 3], [1]),
    ].flatMap { (shape: Shape, axes: [Int]) in
      Reduction.allCases.flatMap { reduction in
        [false, true].map { keeping in
          OperatorCase(
            "reduce \(reduction) of \(shape) over \(axes)\(keeping ? ", kept" : "")",
            .reduce(reduction, axes: axes, keepingDimensions: keeping), [.distinct(shape)])
        }
      }
    } + [
      OperatorCase(
        "reduce sum of [0, 3] over [0]", .reduce(.sum, axes: [0], keepingDimensions: false), [.distinct([0, 3])])
    ]

  private static let moves: [OperatorCase] = [
    OperatorCase("broadcast [2, 1] to [4, 2, 3]", .broadcast([4, 2, 3]), [.uniform([2, 1])]),
    OperatorCase("broadcast [] to [2, 2]", .broadcast([2, 2]), [.uniform([])]),
    OperatorCase("broadcast [1] to [0]", .broadcast([0]), [.uniform([1])]),
    OperatorCase("broadcast [3] to [3]", .broadcast([3]), [.uniform([3])]),
    OperatorCase("reshape [2, 6] to [3, 4]", .reshape([3, 4]), [.uniform([2, 6])]),
    OperatorCase("reshape [1] to []", .reshape([]), [.uniform([1])]),
    OperatorCase("reshape [0, 2] to [5, 0]", .reshape([5, 0]), [.uniform([0, 2])]),
    OperatorCase("reshape int32", .reshape([2, 2]), [.integers([1, 2, 3, 4], [4])]),
    OperatorCase("reshape uint8", .reshape([2, 2]), [.integers([1, 2, 3, 250], [4], .uint8)]),
    OperatorCase("transpose [1, 0]", .transpose([1, 0]), [.uniform([2, 3])]),
    OperatorCase("transpose [2, 0, 1]", .transpose([2, 0, 1]), [.uniform([2, 3, 2])]),
    OperatorCase("transpose [0, 2, 1]", .transpose([0, 2, 1]), [.uniform([2, 3, 2])]),
    OperatorCase("transpose [3, 1, 0, 2]", .transpose([3, 1, 0, 2]), [.uniform([2, 1, 3, 2])]),
    OperatorCase("transpose int32", .transpose([1, 0]), [.integers([1, 2, 3, 4, 5, 6], [2, 3])]),
    OperatorCase("slice", .slice(starts: [1, 0, 2], sizes: [1, 2, 2]), [.uniform([2, 3, 4])]),
    OperatorCase("slice to nothing", .slice(starts: [2, 0], sizes: [0, 3]), [.uniform([2, 3])]),
    OperatorCase("pad", .pad(low: [1, 0], high: [0, 2]), [.uniform([2, 3])]),
    OperatorCase("pad nothing", .pad(low: [2, 0], high: [0, 1]), [.uniform([0, 2])]),
    OperatorCase("literal", []) { _ in Tensor([0.5, -1, 2], shape: [3]) },
    OperatorCase("literal, a scalar times x", [.uniform([2])]) { 1.5 * $0[0] },
    OperatorCase("literal of int32", []) { _ in Tensor([1, -7] as [Int32], shape: [2, 1]) },
    OperatorCase("stopGradient", [.uniform([3]), .uniform([3])], variables: [1]) {
      stopGradient(square($0[0])) * $0[1]
    },
  ]

  private static let joins: [OperatorCase] = [
    OperatorCase("concatenate rows", .concatenate(axis: 0), [.uniform([2, 3]), .uniform([1, 3])]),
    OperatorCase(
      "concatenate columns", .concatenate(axis: 1), [.uniform([2, 1]), .uniform([2, 3]), .uniform([2, 2])]),
    OperatorCase("concatenate one", .concatenate(axis: 0), [.uniform([2])]),
    OperatorCase(
      "concatenate with nothing", .concatenate(axis: 1),
      [.uniform([1, 2, 2]), .uniform([1, 0, 2]), .uniform([1, 1, 2])]),
    OperatorCase("concatenate x with itself", [.uniform([2])]) { concatenate([$0[0], square($0[0]), $0[0]]) },
  ]

  private static let indexings: [OperatorCase] = [
    OperatorCase("gather", .gather, [.uniform([4, 2]), .integers([3, 0, 3], [3])]),
    OperatorCase("gather by a matrix", .gather, [.uniform([3, 2]), .integers([0, 2, 2, 1], [2, 2])]),
    OperatorCase("gather by a scalar", .gather, [.uniform([3, 2, 2]), .integers([1], [])]),
    OperatorCase("gather outside", .gather, [.uniform([3, 2]), .integers([-1, 2, 3], [3])]),
    OperatorCase("gather from a vector", .gather, [.uniform([3]), .integers([1, 1, 0], [3])]),
    OperatorCase("gather nothing", .gather, [.uniform([3, 2]), .integers([], [0])]),
    OperatorCase("gather from nothing", .gather, [.uniform([0, 2]), .integers([0, 1], [2])]),
    OperatorCase("scatterAdd", .scatterAdd(rows: 4), [.integers([3, 0, 3], [3]), .uniform([3, 2])]),
    OperatorCase(
      "scatterAdd by a matrix", .scatterAdd(rows: 3), [.integers([0, 2, 2, 1], [2, 2]), .uniform([2, 2, 2])]),
    OperatorCase("scatterAdd by a scalar", .scatterAdd(rows: 3), [.integers([1], []), .uniform([2, 2])]),
    OperatorCase("scatterAdd outside", .scatterAdd(rows: 2), [.integers([-1, 1, 2], [3]), .uniform([3, 2])]),
    OperatorCase("scatterAdd numbers", .scatterAdd(rows: 2), [.integers([1, 1, 0], [3]), .uniform([3])]),
    OperatorCase("scatterAdd nothing", .scatterAdd(rows: 2), [.integers([], [0]), .uniform([0, 2])]),
    OperatorCase("oneHot", .oneHot(depth: 3), [.integers([2, 0, 1, -1, 3], [5])]),
    OperatorCase("oneHot of a matrix", .oneHot(depth: 2), [.integers([1, 0, 1, 1], [2, 2])]),
    OperatorCase("argmax", .argmax, [.distinct([2, 4])]),
    OperatorCase("argmax of a vector", .argmax, [.distinct([5])]),
  ]

  private static let products: [OperatorCase] =
    [[], [2], [2, 1]].flatMap { (batch: [Int]) in
      [(false, false), (true, false), (false, true), (true, true)].flatMap { (ta: Bool, tb: Bool) in
        [(2, 3, 2), (1, 2, 3), (3, 1, 1)].map { (m: Int, k: Int, n: Int) in
          product(batch, transposeA: ta, transposeB: tb, m, k, n)
        }
      }
    }
    + [
      OperatorCase("matmul over nothing", plainProduct, [.uniform([2, 0]), .uniform([0, 3])]),
      OperatorCase(
        "matmul of no rows", .matmul(transposeA: false, transposeB: true), [.uniform([0, 2]), .uniform([3, 2])]),
      OperatorCase("matmul of no batch", plainProduct, [.uniform([0, 2, 2]), .uniform([0, 2, 3])]),
    ]

  private static let plainProduct = FluxionCalculus.Operation.matmul(transposeA: false, transposeB: false)

  private static func product(
    _ batch: [Int], transposeA: Bool, transposeB: Bool, _ m: Int, _ k: Int, _ n: Int
  ) -> OperatorCase {
    let a = Shape(batch + (transposeA ? [k, m] : [m, k]))
    let b = Shape(batch + (transposeB ? [n, k] : [k, n]))
    let flags = (transposeA ? " Aᵀ" : "") + (transposeB ? " Bᵀ" : "")
    return OperatorCase(
      "matmul \(batch)\(flags) \(m)×\(k)×\(n)", .matmul(transposeA: transposeA, transposeB: transposeB),
      [.uniform(a), .uniform(b)])
  }
}
