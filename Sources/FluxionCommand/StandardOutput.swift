import Foundation

/// Who read the output has gone, as `head` does: no error, but nothing more to say.
struct ClosedPipe: Error {}

/// Results go here.
package enum StandardOutput {
  /// - Throws: ``ClosedPipe`` when nobody reads; a full disk is the same to us, for what was asked for cannot be said.
  package static func write(_ text: String) throws { try Descriptor.write(text, to: STDOUT_FILENO) }

  package static func line(_ text: String) throws { try write(text + "\n") }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

/// Errors and notes go here.
package enum StandardError {
  package static func write(_ text: String) { try? Descriptor.write(text, to: STDERR_FILENO) }
}

private enum Descriptor {
  static func write(_ text: String, to descriptor: Int32) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written >= 0 {
        bytes = bytes.dropFirst(written)
      } else if errno != EINTR {
        throw ClosedPipe()
      }
    }
  }
}
