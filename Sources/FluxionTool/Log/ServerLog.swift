import Fluxion
import Foundation
import Logging

/// A server's log; `docs/operations.md` has the policy.
struct ServerLog: Sendable {
  private let file: LogFile?
  private let logger: Logger

  /// - Parameter url: nil for a server that keeps nothing.
  init(_ url: URL?) {
    file = url.map { LogFile($0) }
    logger = Self.logger("fluxion.server", file.map { JSONLogHandler($0) })
  }

  func write(_ event: ServerEvent) {
    logger.log(level: event.level, "\(event.message)", metadata: event.metadata)
  }

  /// For a library, which is silent but for what somebody should look at.
  func library(_ label: String) -> Logger {
    Self.logger(label, file.map { JSONLogHandler($0, label: label, level: .warning) })
  }

  private static func logger(_ label: String, _ handler: JSONLogHandler?) -> Logger {
    Logger(label: label) { _ -> any LogHandler in
      if let handler { handler } else { SwiftLogNoOpLogHandler() }
    }
  }
}
