import Crypto
import Foundation
import SwiftProtobuf

/// Vectors on their way out: one block of bytes, declared beforehand, and sent with the declaration or in chunks.
package struct OutgoingBody: Sendable {
  package let declaration: Fluxion_V1_Body
  private let bytes: Data

  /// - Parameter inlineLimit: up to so many bytes are sent with the declaration.
  package init(_ vectors: [(name: String, values: [Float])], inlineLimit: Int = WireLimits.inlineByteCount) {
    var bytes = Data(capacity: 4 * vectors.reduce(0) { $0 + $1.values.count })
    for vector in vectors {
      LittleEndian.withBytes(of: vector.values) { bytes.append(contentsOf: $0) }
    }
    self.bytes = bytes
    declaration = .with {
      $0.byteCount = UInt64(bytes.count)
      $0.sha256 = Data(SHA256.hash(data: bytes))
      $0.vectors = vectors.map { vector in
        .with { ($0.name, $0.count) = (vector.name, UInt64(vector.values.count)) }
      }
      if bytes.count <= inlineLimit { $0.data = bytes }
    }
  }

  /// Whether nothing follows the declaration.
  package var isInline: Bool { !declaration.data.isEmpty }

  package var byteCount: Int { bytes.count }

  /// The bytes that follow the declaration, in order, cut; nothing is copied.
  package func chunks(of size: Int) -> some Sequence<Fluxion_V1_Chunk> {
    stride(from: 0, to: isInline ? 0 : bytes.count, by: max(size, 1)).lazy.map { [bytes] start in
      Fluxion_V1_Chunk.with { $0.data = bytes[start..<Swift.min(start + max(size, 1), bytes.count)] }
    }
  }
}

/// Floats as they travel.
enum LittleEndian {
  static func withBytes<Result>(of values: [Float], _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    #if _endian(little)
    try values.withUnsafeBytes(body)
    #else
    try values.map(\.bitPattern.littleEndian).withUnsafeBytes(body)
    #endif
  }

  /// Makes numbers of floats whose bytes were copied as they came.
  static func decode(_ values: inout [Float]) {
    #if _endian(big)
    for index in values.indices { values[index] = Float(bitPattern: values[index].bitPattern.byteSwapped) }
    #endif
  }
}
