import FluxionCalculus
import Foundation
import Synchronization

/// The registry on disk: a file to which events are appended, a line each, by any process that may.
///
/// A line is a CRC-64 and the event as JSON. Whoever appends holds the lock of the file, has read everything before it,
/// and returns when its lines have reached the disk. A line without its end is what a crash has left of an append that
/// nobody was told of: readers stop before it, and the next append cuts it off. Any other damage ends all reading, since
/// what cannot be read may be a revocation.
final class RegistryLog: Sendable {
  private let file: URL
  private let state = Mutex(Reading())

  private struct Reading: Sendable {
    var registry = Registry()
    var offset = 0
    var inode: UInt64 = 0
  }

  init(_ file: URL) { self.file = file }

  /// Makes an empty file, if there is none.
  func create() throws(FluxionError) {
    let descriptor = try open(O_RDWR | O_CREAT)
    defer { close(descriptor) }
    guard DurableWrite.synchronize(descriptor) else { throw failure("written") }
  }

  /// The registry with everything that any process has appended.
  ///
  /// - Throws: ``FluxionError/Code/notFound``, ``FluxionError/Code/corruptData``.
  func current() throws -> Registry {
    try state.withLock { reading in
      var status = stat()
      guard stat(file.path, &status) == 0 else { throw failure("read", .notFound) }
      // Nothing new, which is so nearly always.
      if status.st_ino == reading.inode, Int(status.st_size) == reading.offset { return reading.registry }
      let descriptor = try open(O_RDONLY)
      defer { close(descriptor) }
      try read(descriptor, &reading)
      return reading.registry
    }
  }

  /// Decides on the present registry what to add to it, and adds that; no other process comes in between.
  ///
  /// - Returns: what the decision comes to, once it is durable.
  func append<Result: Sendable>(
    _ decide: (Registry) throws -> (event: RegistryEvent?, result: Result)
  ) throws -> Result {
    try state.withLock { reading in
      let descriptor = try open(O_RDWR)
      // Which gives the lock back, too.
      defer { close(descriptor) }
      while flock(descriptor, LOCK_EX) != 0 { guard errno == EINTR else { throw failure("locked") } }
      try read(descriptor, &reading)
      let (event, result) = try decide(reading.registry)
      guard let event else { return result }
      guard ftruncate(descriptor, off_t(reading.offset)) == 0, lseek(descriptor, off_t(reading.offset), SEEK_SET) >= 0
      else { throw failure("written") }
      let line = try Self.line(event)
      guard DurableWrite.write(line, to: descriptor), DurableWrite.synchronize(descriptor) else {
        let failure = failure("written")
        // Whether it is on the disk cannot be known; it must not come to count later.
        ftruncate(descriptor, off_t(reading.offset))
        throw failure
      }
      reading.registry.apply(event)
      reading.offset += line.count
      return result
    }
  }

  private func read(_ descriptor: Int32, _ reading: inout Reading) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("read", .notFound) }
    if UInt64(status.st_ino) != reading.inode || Int(status.st_size) < reading.offset {
      // Another file under the same name, such as one from a backup.
      reading = Reading()
      reading.inode = UInt64(status.st_ino)
    }
    var bytes = [UInt8](repeating: 0, count: max(Int(status.st_size) - reading.offset, 0))
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count, off_t(reading.offset + count))
      }
      if got == 0 { break }
      if got > 0 { count += got } else if errno != EINTR { throw failure("read", .notFound) }
    }
    var fresh = reading
    for line in bytes[..<count].split(separator: 0x0a, omittingEmptySubsequences: false).dropLast() {
      fresh.registry.apply(try event(in: line))
      fresh.offset += line.count + 1
    }
    reading = fresh
  }

  private static func line(_ event: RegistryEvent) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = Array(try encoder.encode(event))
    return check(json) + json + [0x0a]
  }

  private func event(in line: ArraySlice<UInt8>) throws(FluxionError) -> RegistryEvent {
    let json = Array(line.dropFirst(17))
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    guard line.prefix(17).elementsEqual(Self.check(json)),
      let event = try? decoder.decode(RegistryEvent.self, from: Data(json))
    else {
      throw FluxionError(
        .corruptData,
        "\(file.relativePath) is damaged, so nobody is let in; put back a copy of it, or begin with a new state folder")
    }
    return event
  }

  /// 16 hexadecimal digits and a space.
  private static func check(_ bytes: [UInt8]) -> [UInt8] {
    let sum = CRC64.checksum(bytes)
    return Array(Hexadecimal.text((0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(56 - 8 * $0)) }).utf8) + [0x20]
  }

  private func open(_ flags: Int32) throws(FluxionError) -> Int32 {
    let descriptor = Foundation.open(file.path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("opened", .notFound) }
    return descriptor
  }

  private func failure(_ what: String, _ code: FluxionError.Code = .cannotWrite) -> FluxionError {
    FluxionError(code, "\(file.relativePath) cannot be \(what): \(String(cString: strerror(errno)))")
  }
}
