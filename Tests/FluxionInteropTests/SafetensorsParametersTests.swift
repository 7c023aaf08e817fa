import FluxionCalculus
import FluxionInterop
import FluxionLearning
import Foundation
import Testing

@Suite("Parameters in safetensors")
struct SafetensorsParametersTests {
  static func parameters() throws -> Parameters {
    let layout = try ParameterLayout([("z.kernel", [2, 3]), ("a.bias", [3]), ("scale", [])])
    return try Parameters(layout: layout, values: (0..<10).map(Float.init))
  }

  @Test("come back the same, and the file's data are the bytes that the digest is of")
  func roundTrip() throws {
    let parameters = try Self.parameters()
    let bytes = try Safetensors(parameters).encoded()
    #expect(try Safetensors(decoding: bytes).parameters(layout: parameters.layout) == parameters)
    let data = bytes.suffix(40)
    let values = data.withUnsafeBytes { raw in
      (0..<10).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    #expect(values == parameters.values)
  }

  @Test("are taken by name from a file in another order")
  func order() throws {
    let parameters = try Self.parameters()
    let file = Safetensors(tensors: Safetensors(parameters).tensors.reversed())
    #expect(try file.parameters(layout: parameters.layout) == parameters)
  }

  @Test("of another model are refused with a sentence that names the tensor")
  func mismatch() throws {
    let parameters = try Self.parameters()
    let tensors = Safetensors(parameters).tensors
    let extra = try Safetensors.Tensor(name: "extra", shape: [], values: [1])
    let other = try Safetensors.Tensor(name: "z.kernel", shape: [3, 2], values: [Float](repeating: 0, count: 6))
    let cases: [([Safetensors.Tensor], String)] = [
      (Array(tensors.dropLast()), "\"scale\""), (tensors + [extra], "\"extra\""),
      ([other] + tensors.dropFirst(), "[3, 2]"),
    ]
    for (tensors, words) in cases {
      #expect {
        try Safetensors(tensors: tensors).parameters(layout: parameters.layout)
      } throws: { error in
        guard let error = error as? FluxionError else { return false }
        return error.code == .shapeMismatch && error.message.contains(words)
      }
    }
  }
}
