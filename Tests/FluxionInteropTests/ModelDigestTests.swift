import FluxionInterop
import Foundation
import Testing

@Suite("The digest of a model")
struct ModelDigestTests {
  /// Digests by Python's hashlib.
  static let digests: [([Float], String)] = [
    ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ([1, 2, 3], "8e628779e6a74ee0b36991c10158f63cafec7d340ad4e075592502c8708524dd"),
    (SafetensorsTests.model.flatMap(\.values), "fef8e6bcb6507a9642ca26597b176b8358b604fe1dfaf6994e3486568c8d5e86"),
  ]

  @Test("is SHA-256 of the parameters' little-endian bytes", arguments: digests)
  func agrees(_ values: [Float], _ digest: String) {
    #expect(ModelDigest.sha256Hex(of: values) == digest)
  }

  @Test("tells apart what equality does not")
  func bits() {
    #expect(ModelDigest.sha256Hex(of: [0]) != ModelDigest.sha256Hex(of: [-0.0]))
  }
}
