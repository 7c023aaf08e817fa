import FluxionCalculus
import Testing

@testable import FluxionData

@Suite("IDX")
struct IDXTests {
  /// Two images of 2×3.
  static let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + (1...12)

  @Test("gives dimensions and elements")
  func reads() throws {
    let idx = try IDX(Self.images, name: "x")
    #expect(idx.dimensions == [2, 2, 3])
    #expect(Array(idx.elements) == (1...12).map { UInt8($0) })
  }

  @Test("refuses a file cut at any length, and one that is longer")
  func truncated() {
    for length in Self.images.indices {
      let error = fluxionError { try IDX(Array(Self.images[..<length]), name: "a.idx") }
      #expect(error?.code == .corruptData, "cut at \(length)")
      #expect(error?.message.contains("a.idx") == true)
    }
    let longer = fluxionError { try IDX(Self.images + [0], name: "a.idx") }
    #expect(
      longer?.message
        == "a.idx is oversized: dimensions [2, 2, 3] need 12 bytes after the header, it has 13")
  }

  @Test("refuses every flipped bit of the header, without a trap")
  func flipped() {
    for bit in 0..<16 * 8 {
      var damaged = Self.images
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let error = fluxionError { try IDX(damaged, name: "x") }
      #expect(error?.code == .corruptData || error?.code == .unsupported, "bit \(bit)")
    }
  }

  @Test(
    "says what is wrong",
    arguments: [
      ([], "begins with 4"), ([1, 0, 8, 1], "first two bytes"), ([0, 0, 7, 1], "no element type 7"),
      ([0, 0, 0x0D, 1, 0, 0, 0, 0], "float elements"), ([0, 0, 8, 0], "claims 0 dimensions"),
      ([0, 0, 8, 200], "claims 200 dimensions"), ([0, 0, 8, 2, 0, 0, 0, 1], "truncated"),
      ([0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), "more than an IDX file may hold"),
      ([0, 0, 8, 8] + [UInt8](repeating: 255, count: 32), "more than an IDX file may hold"),
    ] as [([UInt8], String)])
  func sentences(_ bytes: [UInt8], _ sentence: String) {
    let error = fluxionError { try IDX(bytes, name: "x") }
    #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "no error")")
  }
}
