import Fluxion
import Foundation

/// This machine's clock beside others.
struct ClockCheck {
  /// By how many seconds another clock is ahead of this one; negative if it is behind.
  var ahead: TimeInterval
  /// Whose that is.
  var other: String

  /// Certificates are good from so long ago.
  static let tolerance: TimeInterval = 300
  private static let notice: TimeInterval = 5

  var finding: Finding {
    let seconds = Figures.seconds(abs(ahead).rounded())
    let what = "\(other) is \(seconds) \(ahead < 0 ? "behind" : "ahead of") this machine's clock"
    let advice = "set the clocks: timedatectl set-ntp true"
    if abs(ahead) > Self.tolerance { return .problem("clock", what, advice) }
    if abs(ahead) > Self.notice { return .warning("clock", what, advice) }
    return .ok("clock", "\(other) and this machine's clock agree")
  }

  /// Of the last thing that was written to a folder, which nobody writes in the future; nil for an empty folder.
  static func ofFiles(in state: URL, now: Date) -> Finding? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: state.path)) ?? []
    let dates = names.compactMap { name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: state.appending(path: name).path)
      return attributes?[.modificationDate] as? Date
    }
    guard let latest = dates.max() else { return nil }
    guard latest.timeIntervalSince(now) > notice else { return .ok("clock", "nothing here was written in the future") }
    return .warning(
      "clock",
      "\(state.relativePath) was written to at \(latest.formatted(.iso8601)), and here it is "
        + now.formatted(.iso8601), "see that this machine's clock is right: timedatectl")
  }
}
