import Crypto
package import FluxionCalculus
package import Foundation

/// Vectors on their way in, checked before there is memory for them and again when they are complete.
package struct IncomingBody {
  /// A vector that is expected.
  package struct Vector: Hashable, Sendable {
    package var name: String
    package var count: Int

    package init(_ name: String, count: Int) { (self.name, self.count) = (name, count) }
  }

  private var values: [Float]
  private var received = 0
  private var hash = SHA256()
  private let digest: Data

  /// - Parameter vectors: what must be declared, name by name and count by count.
  /// - Throws: ``FluxionError/Code/corruptData`` for any other declaration.
  package init(_ declared: Fluxion_V1_Body, expecting vectors: [Vector]) throws(FluxionError) {
    try Self.check(declared, expecting: vectors)
    values = [Float](repeating: 0, count: vectors.reduce(0) { $0 + $1.count })
    digest = declared.sha256
  }

  /// Whether there is to be memory for a body.
  ///
  /// - Throws: as ``init(_:expecting:)``.
  package static func check(_ declared: Fluxion_V1_Body, expecting vectors: [Vector]) throws(FluxionError) {
    guard declared.vectors.map(\.name) == vectors.map(\.name) else {
      throw FluxionError(
        .corruptData,
        "the body has the vectors \(vectors.map(\.name)), not \(declared.vectors.prefix(4).map { $0.name.cut(toBytes: 32) })"
      )
    }
    for (given, vector) in zip(declared.vectors, vectors) where given.count != UInt64(vector.count) {
      throw FluxionError(.corruptData, "vector \(vector.name) has \(vector.count) values, not \(given.count)")
    }
    let count = vectors.reduce(0) { $0 + $1.count }
    guard declared.byteCount == UInt64(4 * count) else {
      throw FluxionError(.corruptData, "the body has \(4 * count) bytes, not \(declared.byteCount)")
    }
    guard declared.sha256.count == SHA256.byteCount else {
      throw FluxionError(.corruptData, "a SHA-256 has \(SHA256.byteCount) bytes, not \(declared.sha256.count)")
    }
  }

  package var isEmpty: Bool { received == 0 }

  package var isComplete: Bool { received == 4 * values.count }

  /// - Throws: ``FluxionError/Code/corruptData`` for more than was declared.
  package mutating func append(_ data: Data) throws(FluxionError) {
    guard data.count <= 4 * values.count - received else {
      throw FluxionError(.corruptData, "the body goes on after the \(4 * values.count) bytes that were declared")
    }
    hash.update(data: data)
    let start = received
    values.withUnsafeMutableBytes { bytes in
      _ = data.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
    }
    received += data.count
  }

  /// The values of all vectors, one after the other.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` if bytes are missing or are not those that were declared.
  package consuming func finish() throws(FluxionError) -> [Float] {
    guard isComplete else {
      throw FluxionError(.corruptData, "the body ends after \(received) of \(4 * values.count) bytes")
    }
    guard Data(hash.finalize()) == digest else {
      throw FluxionError(.corruptData, "the body's bytes do not have the SHA-256 that was declared")
    }
    LittleEndian.decode(&values)
    return values
  }
}

/// Who is sending a body on a stream, and how far it has come: chunks belong to the message before them, unless it has all
/// of the bytes itself.
package struct BodyReceiver<Header> {
  private enum State {
    case idle
    case receiving(Header, IncomingBody)
    /// Chunks of a body that nobody wants, up to so many bytes.
    case skipping(UInt64)
  }

  private var state = State.idle
  /// The most bytes of an unwanted body that are let pass.
  private let patience: UInt64
  /// The most bytes of one chunk.
  private let chunkByteCount: Int

  package init(patience: Int, chunkByteCount: Int) {
    self.patience = UInt64(max(patience, 0))
    self.chunkByteCount = chunkByteCount
  }

  /// - Throws: ``FluxionError/Code/corruptData`` in the middle of a body.
  package func requireIdle() throws(FluxionError) {
    switch state {
    case .idle, .skipping: return
    // Of which nothing has come: the sender has something else to say.
    case .receiving(_, let body) where body.isEmpty: return
    case .receiving: throw FluxionError(.corruptData, "a message with a body came before the end of the body before it")
    }
  }

  /// The chunks that follow are collected, if the bytes are not there already.
  ///
  /// - Returns: what was declared and its values, if they are.
  /// - Throws: as ``IncomingBody/init(_:expecting:)``; the chunks that follow are then let pass.
  package mutating func receive(
    _ header: Header, _ declared: Fluxion_V1_Body, expecting vectors: [IncomingBody.Vector]
  ) throws(FluxionError) -> Received? {
    skip(declared)
    var body = try IncomingBody(declared, expecting: vectors)
    guard !declared.data.isEmpty else {
      state = .receiving(header, body)
      return nil
    }
    do {
      try body.append(declared.data)
      return Received(header: header, values: .success(try body.finish()))
    } catch { return Received(header: header, values: .failure(error)) }
  }

  /// The chunks that follow are let pass.
  package mutating func skip(_ declared: Fluxion_V1_Body) {
    state = .skipping(declared.data.isEmpty ? min(declared.byteCount, patience) : 0)
  }

  /// - Returns: what was declared before the body and its values, when they are complete.
  /// - Throws: ``FluxionError/Code/corruptData`` for a chunk that is too long or belongs to nothing; the stream cannot go
  ///   on then.
  package mutating func append(_ chunk: Fluxion_V1_Chunk) throws(FluxionError) -> Received? {
    guard chunk.data.count <= chunkByteCount else {
      throw FluxionError(.corruptData, "a chunk has up to \(chunkByteCount) bytes, not \(chunk.data.count)")
    }
    switch state {
    case .idle:
      throw FluxionError(.corruptData, "a chunk came that belongs to no body")
    case .skipping(let left):
      guard chunk.data.count <= left else {
        throw FluxionError(.corruptData, "an unwanted body went on after \(patience) bytes")
      }
      state = .skipping(left - UInt64(chunk.data.count))
      return nil
    case .receiving(let header, var body):
      state = .idle  // Nobody else holds the values while they are written.
      do {
        try body.append(chunk.data)
        guard body.isComplete else {
          state = .receiving(header, body)
          return nil
        }
        return Received(header: header, values: .success(try body.finish()))
      } catch {
        state = .skipping(patience)
        return Received(header: header, values: .failure(error))
      }
    }
  }

  /// A body that has come to its end.
  package struct Received {
    package let header: Header
    package let values: Result<[Float], FluxionError>
  }
}
