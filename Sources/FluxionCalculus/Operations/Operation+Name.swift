extension Operation {
  /// The operator's name in errors, listings and the binary form.
  public var name: String {
    switch self {
    case .literal: "literal"
    case .unary(let unary): unary.rawValue
    case .binary(let binary): binary.rawValue
    case .select: "select"
    case .reduce(let reduction, _, _): reduction == .sum ? "reduceSum" : "reduceMaximum"
    case .broadcast: "broadcast"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .slice: "slice"
    case .pad: "pad"
    case .concatenate: "concatenate"
    case .gather: "gather"
    case .scatterAdd: "scatterAdd"
    case .matmul: "matmul"
    case .conv2D: "conv2D"
    case .conv2DInputGradient: "conv2DInputGradient"
    case .conv2DFilterGradient: "conv2DFilterGradient"
    case .maxPool2D: "maxPool2D"
    case .maxPool2DScatter: "maxPool2DScatter"
    case .maxPool2DGather: "maxPool2DGather"
    case .averagePool2D: "averagePool2D"
    case .averagePool2DGradient: "averagePool2DGradient"
    case .logSoftmax: "logSoftmax"
    case .softmax: "softmax"
    case .softmaxCrossEntropy: "softmaxCrossEntropy"
    case .softmaxCrossEntropyGradient: "softmaxCrossEntropyGradient"
    case .oneHot: "oneHot"
    case .argmax: "argmax"
    case .convert: "convert"
    case .stopGradient: "stopGradient"
    case .randomUniform: "randomUniform"
    }
  }
}
