import CZlib
import FluxionCalculus

/// The gzip file format (RFC 1952), by zlib.
package enum Gzip {
  /// The bytes every gzip file begins with.
  package static let magic: [UInt8] = [0x1f, 0x8b]

  /// Unpacks a gzip file of one or more members.
  ///
  /// - Parameters:
  ///   - limit: The most bytes it may unpack to; protects from decompression bombs.
  ///   - name: What to call the input in an error, such as its path.
  /// - Throws: `.corruptData` for anything but a whole, sound file of at most `limit` bytes with nothing after it.
  package static func inflate(_ bytes: [UInt8], limit: Int, name: String) throws -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(min(limit, statedByteCount(of: bytes)))
    var stream = z_stream()
    // 16: a gzip header and trailer are required, and its CRC-32 and length checked.
    guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw FluxionError(.unsupported, "zlib could not start to unpack \(name)")
    }
    defer { inflateEnd(&stream) }
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var position = 0
    var status = Z_OK
    while true {
      let (consumed, produced) = step(&stream, bytes, from: position, into: &chunk, status: &status)
      position += consumed
      guard output.count + produced <= limit else {
        throw FluxionError(.corruptData, "\(name) unpacks to more than the \(limit) bytes that were expected")
      }
      output.append(contentsOf: chunk[..<produced])
      if status == Z_STREAM_END {
        if position == bytes.count { return output }
        guard bytes[position...].starts(with: magic) else {
          throw FluxionError(
            .corruptData,
            "\(name) has \(bytes.count - position) bytes after the end of its gzip data; nothing may follow it")
        }
        inflateReset(&stream)
        status = Z_OK
      } else if status == Z_BUF_ERROR || (status == Z_OK && consumed == 0 && produced == 0) {
        throw FluxionError(.corruptData, "\(name) is a truncated gzip file: it ends after \(bytes.count) bytes")
      } else if status != Z_OK {
        let reason = stream.msg.map { String(cString: $0) } ?? "zlib status \(status)"
        throw FluxionError(.corruptData, "\(name) is a damaged gzip file near byte \(position): \(reason)")
      }
    }
  }

  /// What the last member says that it unpacks to, modulo 2³², as far as it can be true.
  private static func statedByteCount(of bytes: [UInt8]) -> Int {
    // No deflate stream unpacks to more than 1032 times its size.
    min(bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }, bytes.count * 1032)
  }

  /// One call of zlib: how many bytes it took and how many it made.
  private static func step(
    _ stream: inout z_stream, _ bytes: [UInt8], from position: Int, into chunk: inout [UInt8], status: inout Int32
  ) -> (consumed: Int, produced: Int) {
    bytes.withUnsafeBufferPointer { input in
      chunk.withUnsafeMutableBufferPointer { output in
        // zlib does not write through next_in, and counts in 32 bits.
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress.map { $0 + position })
        let available = min(input.count - position, 1 << 30)
        stream.avail_in = UInt32(available)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        status = CZlib.inflate(&stream, Z_NO_FLUSH)
        return (available - Int(stream.avail_in), output.count - Int(stream.avail_out))
      }
    }
  }
}
