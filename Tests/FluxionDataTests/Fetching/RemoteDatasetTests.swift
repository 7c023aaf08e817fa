import Crypto
import FluxionData
import Foundation
import Testing

@Suite("Public datasets")
struct RemoteDatasetTests {
  @Test("knows the digests of the real MNIST", .enabled(if: realMNIST != nil, "no MNIST"))
  func mnistDigests() throws {
    for file in RemoteDataset.mnist.files {
      guard let data = FileManager.default.contents(atPath: (realMNIST ?? "") + "/" + file.name) else { continue }
      #expect(data.count == file.byteCount)
      #expect(SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined() == file.sha256)
    }
  }
}
