import Foundation

extension Reference {
  /// `f` of each row, the rows one after the other.
  private static func mapRows(_ x: ReferenceValue, _ f: (_ row: ArraySlice<Double>) -> [Double]) -> ReferenceValue {
    let width = x.shape.last ?? 1
    let elements = stride(from: 0, to: x.elements.count, by: max(width, 1)).flatMap { start in
      f(x.elements[start..<(start + width)])
    }
    return ReferenceValue(elements, x.shape)
  }

  static func logSoftmax(_ x: ReferenceValue) -> ReferenceValue {
    mapRows(x) { row in
      // Any shift gives the same result; with the maximum nothing overflows.
      let shift = row.max() ?? 0
      let logSum = Foundation.log(row.reduce(0) { $0 + Foundation.exp($1 - shift) })
      return row.map { $0 - shift - logSum }
    }
  }

  static func softmax(_ x: ReferenceValue) -> ReferenceValue {
    var result = logSoftmax(x)
    result.elements = result.elements.map { Foundation.exp($0) }
    return result
  }

  /// A label outside the classes gives NaN: the loss is not defined there, and must not look as if it were.
  static func softmaxCrossEntropy(
    _ logits: ReferenceValue, _ labels: ReferenceValue, _ type: TensorType
  ) -> ReferenceValue {
    let logarithms = logSoftmax(logits)
    return ReferenceValue(type) { index in
      let label = labels[index]
      guard label >= 0, label < Double(logits.shape.last ?? 0) else { return .nan }
      return -logarithms[index + [Int(label)]]
    }
  }

  static func softmaxCrossEntropyGradient(
    _ logits: ReferenceValue, _ labels: ReferenceValue, _ g: ReferenceValue, _ type: TensorType
  ) -> ReferenceValue {
    let probabilities = softmax(logits)
    return ReferenceValue(type) { index in
      let row = Array(index.dropLast())
      let label = labels[row]
      guard label >= 0, label < Double(logits.shape.last ?? 0) else { return .nan }
      return (probabilities[index] - (label == Double(index.last ?? 0) ? 1 : 0)) * g[row]
    }
  }

  static func argmax(_ x: ReferenceValue, _ type: TensorType) -> ReferenceValue {
    ReferenceValue(type) { index in
      let row = (0..<(x.shape.last ?? 0)).map { x[index + [$0]] }
      return Double(row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 })
    }
  }
}
