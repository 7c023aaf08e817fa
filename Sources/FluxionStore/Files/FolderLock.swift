import FluxionCalculus
import Foundation

/// The right of one process to use a folder; the system takes it back when the process ends, however it ends.
final class FolderLock: Sendable {
  private let descriptor: Int32

  /// - Throws: ``FluxionError/Code/inUse`` if someone else has it, ``FluxionError/Code/cannotWrite`` for a folder that
  ///   cannot be written to.
  init(of folder: URL) throws {
    let file = folder.appending(path: "lock")
    descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw FluxionError(
        .cannotWrite,
        "\(file.relativePath) cannot be written: \(String(cString: strerror(errno))); "
          + "name a folder that can")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (try? String(contentsOf: file, encoding: .utf8)).flatMap {
        Int($0.prefix(20).trimmingCharacters(in: .whitespacesAndNewlines))
      }
      close(descriptor)
      throw FluxionError(
        .inUse,
        "\(folder.relativePath) is in use by \(holder.map { "process \($0)" } ?? "another process"); wait for its end, "
          + "or name another folder")
    }
    // For whoever finds the folder in use; the lock itself does not depend on it.
    let text = Array("\(getpid())\n".utf8)
    ftruncate(descriptor, 0)
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  deinit {
    // A process that is being started at this moment has a copy of the descriptor, and would hold the lock on.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
