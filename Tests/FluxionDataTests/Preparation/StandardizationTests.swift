import FluxionCalculus
import FluxionData
import Testing

@Suite("Standardisation")
struct StandardizationTests {
  /// The first 1,000 digits and the rest, as in `standardization_golden.py`, which printed what is expected here.
  static func digits() throws -> TrainTestSplit {
    let digits = try Dataset.digits()
    return TrainTestSplit(train: try digits.subset(0..<1000), test: try digits.subset(1000..<1797))
  }

  func values(_ view: DatasetView, row: Int) -> [Float] {
    let features = view.features()
    return [0, 2, 20, 43, 63].map { features[row * 64 + $0] }
  }

  func isNear(_ values: [Float], _ expected: [Double]) -> Bool {
    values.count == expected.count && zip(values, expected).allSatisfy { abs(Double($0) - $1) < 2e-6 * max(1, abs($1)) }
  }

  @Test("agrees with scikit-learn's scalers fitted on the training part")
  func golden() throws {
    let standard = try Self.digits().standardized()
    #expect(
      isNear(
        values(standard.test, row: 0),
        [0.0, -0.8237957769486636, 0.45579682085341255, -1.141596459729737, 7.172025739670105]))
    #expect(
      isNear(
        values(standard.test, row: 796),
        [0.0, 1.1360672927150877, 0.1312707825099362, -0.19092626425736756, -0.2045778049713908]))
    let scaled = try Self.digits().minMaxScaled()
    #expect(isNear(values(scaled.test, row: 0), [0.0, 0.0625, 0.625, 0.0, 0.9375]))
    #expect(isNear(values(scaled.test, row: 796), [0.0, 0.625, 0.5, 0.375, 0.0]))
  }

  @Test("takes one mean and deviation for all features where asked")
  func overall() throws {
    let normalization = try Self.digits().train.standardization(perFeature: false)
    #expect(isNear(normalization.scale, [1 / 6.022333930277648]))
    #expect(isNear(normalization.shift, [-4.91146875 / 6.022333930277648]))
    let range = try Self.digits().train.minMaxScaling(perFeature: false)
    #expect(range == Normalization(scale: 1 / 16, shift: 0))
  }

  @Test("gives the training part mean 0 and deviation 1, also of floats, and shares the features")
  func moments() throws {
    let data = try Dataset(
      name: "t", features: [1, 5, 2, 5, 3, 5, 10, 5], exampleShape: [2], targets: .values([0, 1, 2, 3]))
    let split = TrainTestSplit(train: try data.subset(0..<3), test: try data.subset([3]))
    let standard = try split.standardized()
    let x = standard.train.features()
    #expect(isNear(x, [-1.224744871391589, 0, 0, 0, 1.224744871391589, 0]))
    #expect(isNear(standard.test.features(), [9.797958971132712, 0]))
    #expect(standard.train.dataset.features === data.features)
    #expect(data.normalization == .identity)
  }

  @Test("refuses a view of nothing, and parts of different shapes")
  func refusals() throws {
    let data = try Samples.table(count: 4)
    #expect(fluxionError { try data.subset([]).standardization() }?.code == .invalidArgument)
    #expect(fluxionError { try data.subset([]).minMaxScaling() }?.code == .invalidArgument)
    let mixed = TrainTestSplit(train: try Dataset.digits().all, test: data.all)
    #expect(fluxionError { try mixed.standardized() }?.code == .shapeMismatch)
  }
}
