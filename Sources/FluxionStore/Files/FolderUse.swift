package import Foundation

/// Who uses the folder of a run: whoever holds its lock.
package enum FolderUse: Equatable, Sendable {
  case free
  case process(Int32)
  /// Somebody, and the system does not tell who: a process of another user, for one.
  case somebody

  /// Looks who uses a folder, also one that is not there, without keeping anybody from using it.
  package init(of folder: URL) {
    let file = folder.appending(path: FolderLock.fileName)
    if let holder = Self.holder(of: file) {
      self = .process(holder)
      return
    }
    let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      self = errno == ENOENT || errno == ENOTDIR ? .free : .somebody
      return
    }
    // Which gives back what it has.
    defer { close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
      self = .free
      return
    }
    #if os(Linux)
    // Whoever began at this very moment has its name there by now.
    self = Self.holder(of: file).map(FolderUse.process) ?? .somebody
    #else
    self = FolderLock.process(in: file).map(FolderUse.process) ?? .somebody
    #endif
  }

  /// The process that the file names, if the system says that it has the lock: a name that a killed process left may
  /// by now be that of any other.
  private static func holder(of file: URL) -> Int32? {
    #if os(Linux)
    var status = stat()
    guard let process = FolderLock.process(in: file), stat(file.path, &status) == 0,
      let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")
    else { return nil }
    for descriptor in descriptors {
      var held = stat()
      guard stat("/proc/\(process)/fd/\(descriptor)", &held) == 0, held.st_dev == status.st_dev,
        held.st_ino == status.st_ino,
        let facts = try? String(contentsOfFile: "/proc/\(process)/fdinfo/\(descriptor)", encoding: .utf8)
      else { continue }
      if facts.split(separator: "\n").contains(where: {
        $0.hasPrefix("lock:") && $0.contains("FLOCK") && $0.contains("WRITE")
      }) {
        return process
      }
    }
    #endif
    return nil
  }
}
