import FluxionCalculus
import FluxionData
import Testing

@Suite("Dataset")
struct DatasetTests {
  @Test("applies its normalisation while a view gathers features")
  func gathers() throws {
    let data = try Dataset(
      name: "bytes", pixels: [0, 255, 51, 102], exampleShape: [2, 1, 1],
      targets: .classes(labels: [1, 0], classCount: 2))
    #expect(try data.subset([1, 0]).features() == [51 * (1 / 255 as Float), 102 * (1 / 255 as Float), 0, 1])
    #expect(data.all.labelHistogram() == [1, 1])
  }
}
