/// For each class: how often it was predicted rightly, predicted wrongly, and missed.
struct ClassCounts: Hashable, Sendable, Codable {
  private var truePositives: [Int]
  private var falsePositives: [Int]
  private var falseNegatives: [Int]

  init(classes: Int) {
    truePositives = [Int](repeating: 0, count: classes)
    falsePositives = truePositives
    falseNegatives = truePositives
  }

  var isEmpty: Bool { truePositives.isEmpty }

  /// `predicted` is a class; `label` may be none.
  mutating func add(predicted: Int, label: Int) {
    if predicted == label {
      truePositives[label] += 1
    } else {
      falsePositives[predicted] += 1
      if falseNegatives.indices.contains(label) { falseNegatives[label] += 1 }
    }
  }

  /// - Returns: false, and nothing added, if the classes differ in number.
  mutating func add(_ other: ClassCounts) -> Bool {
    let count = truePositives.count
    guard
      [other.truePositives.count, other.falsePositives.count, other.falseNegatives.count].allSatisfy({ $0 == count })
    else { return false }
    for index in 0..<count {
      truePositives[index] += other.truePositives[index]
      falsePositives[index] += other.falsePositives[index]
      falseNegatives[index] += other.falseNegatives[index]
    }
    return true
  }

  func isWithin(_ bounds: ClosedRange<Int>) -> Bool {
    (truePositives + falsePositives + falseNegatives).allSatisfy(bounds.contains)
  }

  func f1(of index: Int) -> Double {
    let denominator = 2 * truePositives[index] + falsePositives[index] + falseNegatives[index]
    return denominator == 0 ? 0 : 2 * Double(truePositives[index]) / Double(denominator)
  }

  var macroF1: Double { truePositives.indices.map(f1).reduce(0, +) / Double(max(truePositives.count, 1)) }
}
