/// What is to be predicted, one entry an example.
public enum Targets: Sendable, Equatable {
  /// Classification: `labels[i]` in `0 ..< classCount`; `classNames[k]` is what class `k` is called.
  case classes(labels: [Int32], classCount: Int, classNames: [String])
  /// Regression: one value an example.
  case values([Float])

  /// Classes called "0", "1", ….
  public static func classes(labels: [Int32], classCount: Int) -> Targets {
    .classes(labels: labels, classCount: classCount, classNames: (0..<max(0, classCount)).map(String.init))
  }

  /// The number of examples.
  public var count: Int {
    switch self {
    case .classes(let labels, _, _): labels.count
    case .values(let values): values.count
    }
  }

  /// The number of classes; nil for regression.
  public var classCount: Int? {
    if case .classes(_, let classCount, _) = self { classCount } else { nil }
  }
}
