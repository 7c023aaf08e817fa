@testable import FluxionCalculus

extension OperatorCase {
  static let classification: [OperatorCase] =
    [[2, 4], [3], [2, 2, 3], [3, 1], [0, 3]].flatMap { (shape: Shape) in
      [
        OperatorCase("softmax \(shape)", .softmax, [.uniform(shape)]),
        OperatorCase("logSoftmax \(shape)", .logSoftmax, [.uniform(shape)]),
      ]
    }
    + ([([2, 4], [3, 0]), ([3], [1]), ([2, 2, 3], [0, 2, 1, 1]), ([0, 3], [])] as [(Shape, [Int32])]).flatMap {
      shape, labels in
      let rows = Shape(Array(shape.dimensions.dropLast()))
      return [
        OperatorCase("softmaxCrossEntropy \(shape)", .softmaxCrossEntropy, [.uniform(shape), .integers(labels, rows)]),
        OperatorCase(
          "softmaxCrossEntropyGradient \(shape)", .softmaxCrossEntropyGradient,
          [.uniform(shape), .integers(labels, rows), .uniform(rows)]),
      ]
    }

  static let random: [OperatorCase] = ([([7], 0), ([2, 3], 5), ([], 1), ([0], 2), ([9], .max)] as [(Shape, UInt64)]).map
  {
    shape, stream in
    OperatorCase(
      "randomUniform \(shape) stream \(stream)", .randomUniform(shape, stream: stream), [.integers([-7, 11], [2])])
  }

  /// Functions made of several operators, and expressions that use a value more than once.
  static let composites: [OperatorCase] = [
    OperatorCase("gelu", [.uniform([5])]) { gelu($0[0]) },
    OperatorCase("dropout", [.uniform([4, 3]), .integers([3, 9], [2])]) {
      dropout($0[0], rate: 0.25, key: $0[1], stream: 3)
    },
    OperatorCase("mean", [.uniform([2, 3])]) { $0[0].mean() },
    OperatorCase("mean of rows", [.uniform([2, 3])]) { $0[0].mean(axes: [-1], keepingDimensions: true) },
    OperatorCase("mean of nothing", [.uniform([0, 3])]) { $0[0].mean(axes: [0]) },
    OperatorCase("maximum of rows", [.distinct([2, 3])]) { $0[0].maximum(axes: [-1]) },
    OperatorCase("normalised rows", [.uniform([2, 4]), .uniform([4])]) { x in
      let centred = x[0] - x[0].mean(axes: [-1], keepingDimensions: true)
      let variance = square(centred).mean(axes: [-1], keepingDimensions: true)
      return centred * rsqrt(variance + 1e-3) * x[1]
    },
    OperatorCase("attention", [.uniform([2, 3, 2]), .uniform([2, 3, 2]), .uniform([2, 3, 2])]) { x in
      matmul(softmax(matmul(x[0], x[1], transposeB: true) * 0.75), x[2])
    },
    OperatorCase("a value used four times", [.uniform([3])]) { x in
      let y = sin(x[0])
      return y * y * x[0] + y / (2 + square(x[0]))
    },
    OperatorCase("x raised to x", [.uniform([3], 0.3...2)]) { pow($0[0], $0[0]) },
    OperatorCase("x over x broadcast", [.signed([3, 1])]) { $0[0] / $0[0].reshaped(to: [3]) },
    OperatorCase(
      "dense layers", [.uniform([2, 3]), .uniform([3, 4]), .uniform([4]), .uniform([4, 2]), .integers([1, 0], [2])]
    ) {
      x in
      let hidden = tanh(matmul(x[0], x[1]) + x[2])
      return softmaxCrossEntropy(matmul(hidden, x[3]), x[4]).mean()
    },
    OperatorCase(
      "a small convolutional network",
      [.uniform([1, 6, 6, 1]), .uniform([3, 3, 1, 2]), .uniform([2]), .uniform([18, 2])]
    ) {
      x in
      let features = softplus(conv2D(x[0], x[1], padding: .same) + x[2])
      let pooled = averagePool2D(features, Window(kernel: (2, 2), stride: (2, 2)))
      return logSoftmax(matmul(pooled.reshaped(to: [1, 18]), x[3])).sum()
    },
  ]

  /// Every row of the contract.
  static let all: [OperatorCase] = elementwise + shaping + windows + classification + random + composites
}
