import FluxionCalculus
import Foundation

/// The right of one process to use a folder; the system takes it back when the process ends, however it ends.
final class FolderLock: Sendable {
  private let descriptor: Int32

  static let fileName = "lock"

  /// - Throws: ``FluxionError/Code/inUse`` if someone else has it, ``FluxionError/Code/cannotWrite`` for a folder that
  ///   cannot be written to.
  init(of folder: URL) throws {
    let file = folder.appending(path: Self.fileName)
    descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw FluxionError(
        .cannotWrite,
        "\(file.relativePath) cannot be written: \(String(cString: strerror(errno))); "
          + "name a folder that can")
    }
    guard Self.lock(descriptor) else {
      let holder = Self.process(in: file)
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

  /// The process that a lock's file names, which need not have the lock any longer.
  static func process(in file: URL) -> Int32? {
    (try? String(contentsOf: file, encoding: .utf8)).flatMap {
      Int32($0.prefix(20).trimmingCharacters(in: .whitespacesAndNewlines))
    }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// Who only asks whether a folder is in use may have the lock for an instant: that is no use.
  private static func lock(_ descriptor: Int32) -> Bool {
    for attempt in 0..<5 {
      if attempt > 0 { usleep(10_000) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    }
    return false
  }
}
