import FluxionCalculus
import FluxionData
import Testing

@Suite("Dataset")
struct DatasetTests {
  static let labels = Targets.classes(labels: [1, 0], classCount: 2)

  @Test(
    "gathers bytes and floats under scalar and per-feature normalisations",
    arguments: [
      Normalization(scale: 0.5, shift: 1), Normalization(scale: [1, 2, 3], shift: [4, 5, 6]),
      Normalization(scale: [1, 2, 3], shift: [7]), Normalization(scale: [2], shift: [4, 5, 6]), .identity,
    ])
  func gathers(_ normalization: Normalization) throws {
    let stored: [UInt8] = [0, 255, 51, 102, 3, 4]
    func pick(_ numbers: [Float], _ feature: Int) -> Float { numbers.count == 1 ? numbers[0] : numbers[feature] }
    let expected = [1, 0, 1].flatMap { row in
      (0..<3).map {
        Float(stored[row * 3 + $0]) * pick(normalization.scale, $0) + pick(normalization.shift, $0)
      }
    }
    let bytes = try Dataset(
      name: "b", pixels: stored, exampleShape: [3, 1, 1], targets: Self.labels, normalization: normalization)
    let floats = try Dataset(
      name: "f", features: stored.map { Float($0) }, exampleShape: [3], targets: Self.labels,
      normalization: normalization)
    for data in [bytes, floats] {
      let view = try data.subset([1, 0, 1])
      #expect(view.features() == expected)
      #expect(view.labels == [0, 1, 0])
      #expect(view.values() == [0, 1, 0])
      #expect(view.labelHistogram() == [2, 1])
    }
  }

  @Test("gives regression values, and no labels or histogram then")
  func regression() throws {
    let view = try Samples.regression(count: 5).subset([4, 2])
    #expect(view.values() == [4, 2])
    #expect(view.labels.isEmpty)
    #expect(view.labelHistogram().isEmpty)
    #expect(view.dataset.classCount == nil)
  }

  @Test("keeps features 64-byte aligned and shares them between views and normalisations")
  func sharing() throws {
    let data = try Samples.table(count: 10)
    #expect(Int(bitPattern: data.features.base) % 64 == 0)
    #expect(try data.normalized(by: Normalization(scale: 2)).features === data.features)
    #expect(try data.subset([1]).dataset.isIdentical(to: data))
    let nested = try data.subset([5, 6, 7]).subset([2, 0])
    #expect(nested.indices == [7, 5])
  }

  @Test("holds no examples without a trap")
  func empty() throws {
    let data = try Dataset(name: "none", features: [], exampleShape: [3], targets: .values([]))
    #expect(data.all.features().isEmpty)
    #expect(data.all.values().isEmpty)
    #expect(fluxionError { try data.partitioned(.iid, parties: 1) }?.code == .invalidArgument)
  }

  @Test("refuses what does not fit together, in one sentence")
  func refusals() {
    func sentence(
      _ features: [Float], _ shape: Shape, _ targets: Targets = Self.labels, columns: [Column] = [],
      normalization: Normalization = .identity
    ) -> String {
      fluxionError {
        try Dataset(
          name: "x", features: features, exampleShape: shape, targets: targets, columns: columns,
          normalization: normalization)
      }?.message ?? "no error"
    }
    #expect(sentence([1, 2, 3], [2]).contains("has 3 features for 2 targets"))
    #expect(sentence([1, 2], [0]).contains("at least 1"))
    #expect(sentence([1, 2], [-1, -1]).contains("at least 1"))
    #expect(sentence([1, 2], [.max, 2]).contains("at least 1"))
    #expect(sentence([1, 2], [.max]).contains("more than fits in memory"))
    #expect(sentence([1, .nan], [1]).contains("feature 1 of dataset \"x\" is nan"))
    #expect(sentence([1, 2], [1], .classes(labels: [0, 2], classCount: 2)).contains("example 1 of dataset"))
    #expect(sentence([1, 2], [1], .classes(labels: [0, -1], classCount: 2)).contains("label -1"))
    #expect(sentence([1, 2], [1], .classes(labels: [0, 0], classCount: 0)).contains("at least one class"))
    #expect(
      sentence([1, 2], [1], .classes(labels: [0, 0], classCount: 2, classNames: ["a"])).contains("1 class names"))
    #expect(sentence([1, 2], [1], .values([0, .infinity])).contains("target inf"))
    #expect(
      sentence([1, 2], [1], normalization: Normalization(scale: [1, 2, 3], shift: [1])).contains("3 numbers as scale"))
    #expect(sentence([1, 2], [1], normalization: Normalization(scale: [1], shift: [])).contains("0 numbers as shift"))
    #expect(sentence([1, 2], [1], normalization: Normalization(scale: .nan)).contains("must be finite"))
    #expect(sentence([1, 2], [1], columns: [Column(name: "c", features: 0..<2)]).contains("names features"))
    let codes = Column.Categories(names: ["a"], codes: [0, 1])
    #expect(sentence([1, 2], [1], columns: [Column(name: "c", features: 0..<0, categories: codes)]).contains("code"))
    for position in [-1, 2, Int.max] {
      let error = fluxionError {
        try Dataset(name: "x", features: [1, 2], exampleShape: [1], targets: Self.labels).subset([position])
      }
      #expect(error?.code == .invalidArgument)
    }
  }
}
