import Fluxion
import FluxionIdentity
import Foundation

/// The disk that a state folder is on.
struct DiskCheck {
  var folder: String
  /// nil if the system does not say.
  var availableByteCount: Int?
  /// Of the run's checkpoints; 0 if there is none yet.
  var checkpointByteCount: Int
  /// How long a small file took to reach the disk, or why it did not.
  var write: Result<Duration, FluxionError>

  /// What is there beside checkpoints: the journal, records, the log.
  private static let others = 32_000_000
  private static let plenty = 1_000_000_000
  private static let slow = Duration.seconds(1)

  var findings: [Finding] { [space, writing] }

  private var space: Finding {
    // One is written before the one before the last is removed.
    let needed = 2 * checkpointByteCount + Self.others
    guard let availableByteCount else {
      return .warning("disk", "the system does not say how much room there is", "df -h \(folder)")
    }
    let what = "\(Figures.bytes(availableByteCount)) are free"
    let advice = "make room, or move the folder to a larger disk while no server uses it"
    if availableByteCount < needed {
      return .problem("disk", "\(what), and two checkpoints with the rest take \(Figures.bytes(needed))", advice)
    }
    return availableByteCount < Self.plenty ? .warning("disk", what, advice) : .ok("disk", what)
  }

  private var writing: Finding {
    switch write {
    case .failure(let error):
      return .problem("disk", error.message, "see to the permissions of \(folder), and to the disk (dmesg)")
    case .success(let time):
      let what = "a file reaches the disk in \(Figures.seconds(time / .seconds(1)))"
      guard time > Self.slow else { return .ok("disk", what) }
      return .warning("disk", what, "rounds wait for the disk: move the folder to a faster one")
    }
  }
}

extension DiskCheck {
  /// Looks at a folder, or at the one above it if it is not there yet.
  init(_ state: URL) {
    var folder = state.standardizedFileURL
    while !FileManager.default.fileExists(atPath: folder.path), folder.pathComponents.count > 1 {
      folder.deleteLastPathComponent()
    }
    var status = statvfs()
    let isKnown = statvfs(folder.path, &status) == 0
    self.init(
      folder: folder.path, availableByteCount: isKnown ? Int(status.f_bavail) * Int(status.f_frsize) : nil,
      checkpointByteCount: (try? StoreFacts(of: state))?.checkpointByteCount ?? 0, write: Self.write(to: folder))
  }

  private static func write(to folder: URL) -> Result<Duration, FluxionError> {
    let start = ContinuousClock.now
    do throws(FluxionError) {
      let place = try PrivateFolder(folder)
      let name = "doctor.\(getpid())"
      try place.write("a doctor was here\n", to: name)
      let time = ContinuousClock.now - start
      try place.remove(name)
      return .success(time)
    } catch { return .failure(error) }
  }
}
