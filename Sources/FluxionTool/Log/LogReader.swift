import Fluxion
import Foundation

/// Reads a log that somebody may be writing: its last lines, then those that come.
///
/// What is read is bounded by the size at which the file is moved aside.
struct LogReader {
  private let url: URL
  private var handle: FileHandle?
  private var inode: UInt64 = 0
  /// Of a line that is not at its end yet.
  private var rest: [UInt8] = []

  init(_ url: URL) { self.url = url }

  /// The last lines, also of the file that was moved aside.
  ///
  /// - Throws: ``FluxionError/Code/notFound`` if there is no log.
  mutating func last(_ count: Int) throws -> [String] {
    var lines = more()
    guard handle != nil else {
      throw FluxionError(
        .notFound,
        "there is no log \(url.relativePath) yet: a server that keeps its state writes one, from its beginning on")
    }
    if lines.count < count, let data = try? Data(contentsOf: LogFile.earlier(than: url)) {
      lines = Self.lines(Array(data)).whole + lines
    }
    return lines.suffix(count)
  }

  /// The lines that have come since.
  mutating func more() -> [String] {
    var lines = read()
    // Once the file has been moved aside, nothing comes to it any more.
    if Self.inode(of: url) != inode, open() { lines += read() }
    return lines
  }

  private mutating func open() -> Bool {
    guard let opened = try? FileHandle(forReadingFrom: url) else { return false }
    try? handle?.close()
    (handle, inode, rest) = (opened, Self.inode(of: url), [])
    return true
  }

  private mutating func read() -> [String] {
    guard let data = try? handle?.readToEnd() else { return [] }
    let (whole, rest) = Self.lines(rest + Array(data))
    self.rest = rest
    return whole
  }

  private static func lines(_ bytes: [UInt8]) -> (whole: [String], rest: [UInt8]) {
    var parts = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    let rest = parts.popLast().map { Array($0) } ?? []
    return (parts.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }, rest)
  }

  /// 0 for a file that is not there.
  private static func inode(of url: URL) -> UInt64 {
    var status = stat()
    return stat(url.path, &status) == 0 ? UInt64(status.st_ino) : 0
  }
}
