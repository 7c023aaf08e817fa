import Foundation
import Synchronization

/// A file of lines that one process appends to; at a limit it is moved aside, in the place of the one before.
///
/// What cannot be written is left out: a log is no reason for a run to end.
final class LogFile: Sendable {
  private let url: URL
  private let maximumByteCount: Int
  private let state: Mutex<State>

  private struct State {
    /// -1 for none.
    var descriptor: Int32
    var byteCount: Int
  }

  init(_ url: URL, maximumByteCount: Int = 10_000_000) {
    self.url = url
    self.maximumByteCount = maximumByteCount
    state = Mutex(Self.open(url))
  }

  deinit { state.withLock { if $0.descriptor >= 0 { _ = close($0.descriptor) } } }

  /// The file that was moved aside.
  static func earlier(than url: URL) -> URL { url.appendingPathExtension("1") }

  func append(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    state.withLock { state in
      if state.byteCount > 0, state.byteCount + bytes.count > maximumByteCount {
        if state.descriptor >= 0 { _ = close(state.descriptor) }
        rename(url.path, Self.earlier(than: url).path)
        state = Self.open(url)
      }
      guard state.descriptor >= 0 else { return }
      state.byteCount += max(0, bytes.withUnsafeBytes { write(state.descriptor, $0.baseAddress, $0.count) })
    }
  }

  private static func open(_ url: URL) -> State {
    let descriptor = Foundation.open(url.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return State(descriptor: -1, byteCount: 0) }
    let count = Int(lseek(descriptor, 0, SEEK_END))
    var last: UInt8 = 0x0a
    // A process that was killed in the middle of a line does not spoil the next one.
    if count > 0, pread(descriptor, &last, 1, off_t(count - 1)) == 1, last != 0x0a { _ = write(descriptor, "\n", 1) }
    return State(descriptor: descriptor, byteCount: max(0, count))
  }
}
