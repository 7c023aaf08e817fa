import FluxionCalculus
import Foundation

/// Writes that have reached the disk when they return, and that are there as a whole or not at all.
///
/// A file is written under another name, synchronised, renamed, and its folder synchronised. After an error nothing is
/// tried again: a second fsync may claim success for what the first one lost (Rebello et al. 2020, "Can applications
/// recover from fsync failures?", USENIX ATC).
package struct Disk: Sendable {
  /// The instants at which what is on the disk changes.
  package enum Step: String, Sendable, CaseIterable {
    case write, synchronize, rename, synchronizeFolder, commit, foldLog, remove
  }

  /// Called before each step, and may throw in its place: for tests of what happens when the process dies there.
  package var before: @Sendable (Step) throws -> Void

  package init(before: @escaping @Sendable (Step) throws -> Void = { _ in }) { self.before = before }

  /// - Throws: ``FluxionError/Code/cannotWrite``.
  func write(_ bytes: [UInt8], to url: URL) throws {
    let temporary = url.appendingPathExtension(Self.temporaryExtension)
    try before(.write)
    let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure("written", temporary) }
    defer { close(descriptor) }
    try bytes.withUnsafeBytes { try Self.write($0, to: descriptor, temporary) }
    try before(.synchronize)
    guard Self.synchronize(descriptor) else { throw Self.failure("synchronised to the disk", temporary) }
    try before(.rename)
    guard rename(temporary.path, url.path) == 0 else { throw Self.failure("renamed", temporary) }
    try synchronizeFolder(url.deletingLastPathComponent())
  }

  /// Makes names in a folder durable.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  func synchronizeFolder(_ folder: URL) throws {
    try before(.synchronizeFolder)
    let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure("opened", folder) }
    defer { close(descriptor) }
    guard Self.synchronize(descriptor) else { throw Self.failure("synchronised to the disk", folder) }
  }

  /// Removes a file that nothing refers to any more; one that stays is in nobody's way.
  func remove(_ url: URL) throws {
    try before(.remove)
    unlink(url.path)
  }

  static let temporaryExtension = "temporary"

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ url: URL) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let written = Foundation.write(descriptor, part.baseAddress, part.count)
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if written == 0 || errno != EINTR {
        throw failure("written", url)
      }
    }
  }

  private static func synchronize(_ descriptor: Int32) -> Bool {
    #if canImport(Darwin)
    // fsync leaves bytes in the drive's own memory there.
    if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
    #endif
    return fsync(descriptor) == 0
  }

  private static func failure(_ what: String, _ url: URL) -> FluxionError {
    let reason = String(cString: strerror(errno))
    return FluxionError(
      .cannotWrite,
      "\(url.relativePath) cannot be \(what): \(reason); the run stops with the last round on record. See to the disk, "
        + "then start again")
  }
}
