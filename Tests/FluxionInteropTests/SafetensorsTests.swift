import FluxionCalculus
import FluxionInterop
import Foundation
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
  /// What `Goldens/make_safetensors.py` writes.
  static let model: [(name: String, shape: [Int], values: [Float])] = [
    ("conv.bias", [2], [0.5, -0.25]),
    ("conv.kernel", [2, 2, 1, 2], (0..<8).map { Float($0) / 8 - 0.5 }),
    ("dense.bias", [0, 3], []),
    ("dense.kernel", [2, 3], [1e-38, -3.4e38, .infinity, -0.0, 1 / 3, .leastNonzeroMagnitude]),
    ("name \"with\" \\ and \t é", [], [7]),
  ]

  static func golden(_ name: String) throws -> Data {
    try Data(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/\(name).safetensors"))
  }

  static func tensors() throws -> [Safetensors.Tensor] {
    try model.map { try Safetensors.Tensor(name: $0.name, shape: $0.shape, values: $0.values) }
  }

  @Test("are written byte for byte as the reference implementation writes them")
  func writing() throws {
    let bytes = try Safetensors(tensors: Self.tensors(), metadata: ["format": "fluxion"]).encoded()
    #expect(try bytes == Self.golden("model"))
  }

  @Test("of the reference implementation are read to the same bits")
  func reading() throws {
    let file = try Safetensors(decoding: Self.golden("model"))
    #expect(file.metadata == ["format": "fluxion"])
    #expect(file.tensors.map(\.name) == Self.model.map(\.name))
    for (tensor, expected) in zip(file.tensors, Self.model) {
      #expect(tensor.shape == expected.shape)
      #expect(tensor.values.map(\.bitPattern) == expected.values.map(\.bitPattern))
    }
    #expect(file["conv.bias"]?.values == [0.5, -0.25])
    #expect(file["conv"] == nil)
  }

  @Test("keep the order of their tensors, whatever the names, and metadata of any words")
  func roundTrip() throws {
    let tensors = try [("z", [Float(1)]), ("a", [2, 3]), ("m", [])].map {
      try Safetensors.Tensor(name: $0.0, shape: [$0.1.count], values: $0.1)
    }
    let file = Safetensors(tensors: tensors, metadata: ["b": "\u{1}\n\r\u{8}\u{c}/ \u{1F600}", "a": "\"\\"])
    let bytes = try file.encoded()
    #expect(try Safetensors(decoding: bytes) == file)
    #expect(bytes[..<8].reduce(0) { $0 + Int($1) } % 8 == 0)
    // A slice of a larger buffer is read as the bytes it holds.
    let embedded = Data([1, 2, 3]) + bytes
    #expect(try Safetensors(decoding: embedded.dropFirst(3)) == file)
    #expect(try Safetensors(decoding: Safetensors(tensors: []).encoded()).tensors.isEmpty)
  }

  @Test("are written to a file and read from it")
  func files() throws {
    let url = URL(filePath: NSTemporaryDirectory()).appending(path: "fluxion-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    let file = try Safetensors(tensors: Self.tensors())
    try file.write(to: url)
    #expect(try Safetensors(contentsOf: url) == file)
    #expect(error { try file.write(to: url.appending(path: "below/a/file")) }?.code == .cannotWrite)
    #expect(error { try Safetensors(contentsOf: url.appending(path: "missing")) }?.code == .notFound)
  }

  @Test("with two entries of one name, or one called as the metadata, are not written")
  func names() throws {
    let tensor = try Safetensors.Tensor(name: "a", shape: [], values: [1])
    let reserved = try Safetensors.Tensor(name: "__metadata__", shape: [], values: [1])
    #expect(error { try Safetensors(tensors: [tensor, tensor]).encoded() }?.code == .invalidArgument)
    #expect(error { try Safetensors(tensors: [reserved]).encoded() }?.code == .invalidArgument)
  }

  @Test("have as many values as their shape holds", arguments: [[3], [2, 2], [-1, -1], [Int.max, 4], [0]])
  func shapes(_ shape: [Int]) {
    #expect(error { try Safetensors.Tensor(name: "a", shape: shape, values: [1]) }?.code == .shapeMismatch)
  }

  /// Headers over 8 bytes of content, and words of the error they give.
  static let unsound: [(header: String, words: String)] = [
    ("", "does not begin with {"),
    (" {}", "does not begin with {"),
    ("{", "no safetensors header"),
    ("{}{}", "no safetensors header"),
    ("{}", "8 bytes after its last tensor"),
    (#"{"a":3}"#, "no safetensors header"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, "no safetensors header"),
    (#"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, "no safetensors header"),
    (#"{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}"#, "no safetensors header"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,1e30]}}"#, "no safetensors header"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"a":1}}"#, "no safetensors header"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "1 data offsets"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, "they should be 0 to 4"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "they should be 0 to 8"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "4 bytes after its last tensor"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "they should be 0 to 4"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "they should be 8 to 12"
    ),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "cannot hold"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, "cannot hold"),
    (#"{"a":{"dtype":"F32","shape":[9223372036854775807,3],"data_offsets":[0,8]}}"#, "cannot hold"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,8]}}"#, "they should be 0 to 8"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-4,8]}}"#, "they should be 0 to 8"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "they should be 0 to 8"),
    (#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, "unknown element type"),
    (String(repeating: "[", count: 100_000), "does not begin with {"),
    (String(repeating: #"{"a":"#, count: 100_000), "no safetensors header"),
  ]

  @Test("with an unsound header are refused with a sentence", arguments: unsound.indices)
  func unsoundHeader(_ index: Int) {
    let (header, words) = Self.unsound[index]
    let bytes =
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: 8)
    let error = error { try Safetensors(decoding: bytes, name: "weights") }
    #expect(error?.code == .corruptData)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
    #expect(error?.message.hasPrefix("weights ") == true)
  }

  @Test("whose header claims an absurd length are refused", arguments: [9, 100_000_001, 1 << 40, UInt64.max])
  func absurdLength(_ length: UInt64) {
    let bytes = withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data("{}      ".utf8)
    #expect(error { try Safetensors(decoding: bytes) }?.code == .corruptData)
  }

  @Test("of other element types are refused by the type's name")
  func otherTypes() throws {
    let half = try Self.golden("half")
    let error = error { try Safetensors(decoding: half) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("F16") == true)
  }

  @Test("cut anywhere are refused")
  func truncated() throws {
    let bytes = try Self.golden("model")
    for length in 0..<bytes.count {
      #expect(error { try Safetensors(decoding: bytes.prefix(length)) }?.code == .corruptData, "at \(length)")
    }
  }

  @Test("with any bit of the lengths and the header flipped give an error or a model, never a trap")
  func flippedBits() throws {
    let golden = try Self.golden("model")
    var refused = 0
    for position in 0..<(8 + 384) {
      for bit in 0..<8 {
        var bytes = golden
        bytes[position] ^= 1 << bit
        if error({ try Safetensors(decoding: bytes) }) != nil { refused += 1 }
      }
    }
    // What survives are other names, other metadata and the like.
    #expect(refused > 2000)
  }

  private func error<Result>(_ body: () throws -> Result) -> FluxionError? {
    do {
      _ = try body()
      return nil
    } catch {
      return error as? FluxionError
    }
  }
}
