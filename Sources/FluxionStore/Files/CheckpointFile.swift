import Crypto
import FluxionCalculus
import Foundation

/// A checkpoint as a file:
///
/// | bytes | |
/// |---|---|
/// | 0 ..< 8 | `FLUXIONC` |
/// | 8 ..< 12 | the version of the format, 1 |
/// | 12 ..< 20 | the number of bytes from 52 on |
/// | 20 ..< 52 | the SHA-256 of the first 20 bytes and those from 52 on |
/// | 52 ... | the checkpoint, a ``StoredValue`` |
///
/// Numbers are little-endian.
enum CheckpointFile {
  static let version: UInt32 = 1
  private static let magic = Array("FLUXIONC".utf8)
  private static let digestRange = 20..<52
  private static let headerCount = 52

  /// What a file is known by.
  struct Description: Equatable {
    var name: String
    var byteCount: Int
    var sha256: [UInt8]
  }

  static func name(sequence: Int64) -> String {
    let digits = String(sequence)
    return "\(prefix)\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)\(suffix)"
  }

  static let prefix = "checkpoint-"
  static let suffix = ".fluxion"

  /// The bytes of a file.
  static func encode(_ value: StoredValue) -> [UInt8] {
    var bytes = magic
    bytes.reserveCapacity(headerCount + value.byteCount)
    withUnsafeBytes(of: version.littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: repeatElement(0, count: headerCount - bytes.count))
    value.write(to: &bytes)
    withUnsafeBytes(of: UInt64(bytes.count - headerCount).littleEndian) { bytes.replaceSubrange(12..<20, with: $0) }
    bytes.replaceSubrange(digestRange, with: digest(of: bytes))
    return bytes
  }

  /// The digest in the header of a file.
  static func digest(in bytes: [UInt8]) -> [UInt8] { Array(bytes[digestRange]) }

  /// The digest that the header of a whole file has.
  private static func digest(of bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBytes { bytes in
      var hash = SHA256()
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<digestRange.lowerBound]))
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[headerCount...]))
      return Array(hash.finalize())
    }
  }

  /// Reads a file, whole and as it was written.
  ///
  /// - Throws: ``Damage`` that says in what the file is another.
  static func read(_ description: Description, in folder: URL) throws -> [UInt8] {
    let url = folder.appending(path: description.name)
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw Damage(FileManager.default.fileExists(atPath: url.path) ? "it cannot be read" : "it is not there")
    }
    let bytes = [UInt8](data)
    guard bytes.count == description.byteCount else {
      throw Damage("it has \(bytes.count) bytes, and \(description.byteCount) were written")
    }
    guard bytes.count >= headerCount, bytes.starts(with: magic) else { throw Damage("it is no checkpoint") }
    let version = bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self)) }
    guard version == Self.version else {
      throw Damage("it has format version \(version), and this build reads version \(Self.version)")
    }
    let count = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 12, as: UInt64.self)) }
    guard count == UInt64(bytes.count - headerCount) else { throw Damage("the length in its header is another") }
    let digest = digest(of: bytes)
    guard digest == Self.digest(in: bytes), digest == description.sha256 else {
      throw Damage("its bytes are not those that were written, by their SHA-256")
    }
    return bytes
  }

  /// The checkpoint of a file's bytes.
  static func value(of bytes: [UInt8]) throws -> StoredValue {
    try bytes.withUnsafeBytes { try StoredValue(decoding: UnsafeRawBufferPointer(rebasing: $0[headerCount...])) }
  }

  struct Damage: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
  }
}
