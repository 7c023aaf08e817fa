import Fluxion
import Foundation
import Logging

/// Writes each event as a line of JSON: `time`, `level`, `message`, `metadata`, and of libraries `label`.
struct JSONLogHandler: LogHandler {
  let file: LogFile
  /// nil for the server itself.
  var label: String?
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(_ file: LogFile, label: String? = nil, level: Logger.Level = .info) {
    (self.file, self.label, logLevel) = (file, label, level)
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { file.append(line(event, at: Date())) }

  func line(_ event: LogEvent, at date: Date) -> String {
    var all = metadata.merging(metadataProvider?.get() ?? [:]) { _, later in later }
    all.merge(event.metadata ?? [:]) { _, later in later }
    if let error = event.error { all["error"] = "\(error)" }
    var members: [JSONValue.Member] = [
      .init("time", .string(date.formatted(Self.dateStyle))), .init("level", .string(event.level.rawValue)),
      .init("message", .string("\(event.message)")),
    ]
    if let label { members.append(.init("label", .string(label))) }
    if !all.isEmpty { members.append(.init("metadata", JSONValue(all))) }
    return JSONValue.object(members).line
  }

  private static let dateStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}

extension JSONValue {
  /// By name.
  fileprivate init(_ metadata: Logger.Metadata) {
    self = .object(metadata.sorted { $0.key < $1.key }.map { Member($0.key, JSONValue($0.value)) })
  }

  /// Numbers stay numbers.
  fileprivate init(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text): self = .string(text)
    case .stringConvertible(let number as Int): self.init(number)
    case .stringConvertible(let number as Double): self.init(number)
    case .stringConvertible(let other): self = .string(other.description)
    case .array(let values): self = .array(values.map { JSONValue($0) })
    case .dictionary(let values): self.init(values)
    }
  }
}
