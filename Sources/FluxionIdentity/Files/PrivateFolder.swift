package import FluxionCalculus
package import Foundation

/// A folder for secrets: nobody but its owner reads it, what is written is there as a whole or not at all, and has
/// reached the disk when a call returns.
package struct PrivateFolder: Sendable {
  package let url: URL

  /// Makes the folder, and those above it, if it is not there.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  package init(creating url: URL) throws(FluxionError) {
    self.url = url
    do {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw FluxionError(
        .cannotWrite, "\(url.relativePath) cannot be made; check its path and permissions", cause: error)
    }
    guard mkdir(url.path, 0o700) == 0 || errno == EEXIST else { throw failure("made", url) }
    guard chmod(url.path, 0o700) == 0 else { throw failure("closed to others", url) }
  }

  /// - Throws: ``FluxionError/Code/notFound`` if there is no such folder.
  package init(_ url: URL) throws(FluxionError) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory.boolValue else {
      throw FluxionError(.notFound, "there is no folder \(url.relativePath)")
    }
    self.url = url
  }

  /// The text of a file; nil if there is none.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for a file that others may read or that is no text,
  ///   ``FluxionError/Code/notFound`` for one that cannot be read.
  package func text(of name: String) throws(FluxionError) -> String? {
    let file = url.appending(path: name)
    var status = stat()
    guard stat(file.path, &status) == 0 else {
      guard errno == ENOENT else { throw unreadable(file) }
      return nil
    }
    guard status.st_mode & 0o077 == 0 else {
      throw FluxionError(
        .corruptData,
        "\(file.relativePath) can be read by others; if nobody has done so: chmod 600 \(file.relativePath)")
    }
    guard status.st_size <= Self.maximumByteCount, let bytes = FileManager.default.contents(atPath: file.path) else {
      throw unreadable(file)
    }
    guard let text = String(bytes: bytes, encoding: .utf8) else {
      throw FluxionError(.corruptData, "\(file.relativePath) is no text")
    }
    return text
  }

  private static let maximumByteCount = 1 << 20

  /// Writes under another name, synchronises, renames, and synchronises the folder.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  package func write(_ text: String, to name: String) throws(FluxionError) {
    let file = url.appending(path: name)
    // Two processes that write at once do not write to the same file.
    let temporary = url.appending(path: ".\(name).\(getpid()).\(UInt32.random(in: .min ... .max))")
    let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("written", file) }
    defer { close(descriptor) }
    guard DurableWrite.write(Array(text.utf8), to: descriptor), DurableWrite.synchronize(descriptor),
      rename(temporary.path, file.path) == 0
    else {
      let failure = failure("written", file)
      unlink(temporary.path)
      throw failure
    }
    try synchronize()
  }

  /// Removes a file, if it is there.
  package func remove(_ name: String) throws(FluxionError) {
    let file = url.appending(path: name)
    guard unlink(file.path) == 0 || errno == ENOENT else { throw failure("removed", file) }
    try synchronize()
  }

  private func synchronize() throws(FluxionError) {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("opened", url) }
    defer { close(descriptor) }
    guard DurableWrite.synchronize(descriptor) else { throw failure("synchronised to the disk", url) }
  }

  private func unreadable(_ file: URL) -> FluxionError {
    FluxionError(.notFound, "\(file.relativePath) cannot be read; check its permissions")
  }

  private func failure(_ what: String, _ file: URL) -> FluxionError {
    FluxionError(.cannotWrite, "\(file.relativePath) cannot be \(what): \(String(cString: strerror(errno)))")
  }
}

enum DurableWrite {
  /// Whether all bytes were written; if not, `errno` says why.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if written == 0 || errno != EINTR {
        return false
      }
    }
    return true
  }

  static func synchronize(_ descriptor: Int32) -> Bool {
    #if canImport(Darwin)
    // fsync leaves bytes in the drive's own memory there.
    if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
    #endif
    return fsync(descriptor) == 0
  }
}
