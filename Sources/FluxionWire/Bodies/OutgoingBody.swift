import Crypto
import Foundation
package import GRPCCore
import SwiftProtobuf

/// Vectors on their way out: one block of bytes, declared beforehand and sent in chunks.
package struct OutgoingBody: Sendable {
  package let declaration: Fluxion_V1_Body
  private let bytes: Data

  package init(_ vectors: [(name: String, values: [Float])]) {
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
    }
  }

  package var byteCount: Int { bytes.count }

  /// The bytes in order, cut; nothing is copied.
  package func chunks(of size: Int) -> some Sequence<Fluxion_V1_Chunk> {
    stride(from: 0, to: bytes.count, by: max(size, 1)).lazy.map { [bytes] start in
      Fluxion_V1_Chunk.with { $0.data = bytes[start..<Swift.min(start + max(size, 1), bytes.count)] }
    }
  }
}

extension RPCWriter {
  /// Writes a message and the body that it declares. A body of one chunk goes with its message: each write is a way from
  /// thread to thread and back, which is most of what a small message costs.
  package func write(
    _ message: Element, followedBy body: OutgoingBody, in size: Int,
    _ chunkMessage: (Fluxion_V1_Chunk) -> Element
  ) async throws {
    guard body.byteCount > size else {
      return try await write(contentsOf: [message] + body.chunks(of: size).map(chunkMessage))
    }
    try await write(message)
    for chunk in body.chunks(of: size) { try await write(chunkMessage(chunk)) }
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
