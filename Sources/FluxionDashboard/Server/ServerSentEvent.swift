/// One event of a stream `text/event-stream` (WHATWG HTML, "Server-sent events").
struct ServerSentEvent: Equatable, Sendable {
  /// What a reader repeats as `Last-Event-ID` when it comes back.
  var id: String?
  var name: String
  var data: String

  /// Line breaks end a field, so they are left out of names and ids, and data has a field a line.
  var text: String {
    var text = ""
    if let id { text += "id: \(Self.line(id))\n" }
    text += "event: \(Self.line(name))\n"
    for line in data.split(omittingEmptySubsequences: false, whereSeparator: Self.endsLine) {
      text += "data: \(line)\n"
    }
    return text + "\n"
  }

  /// How long a reader waits before it comes back.
  static func retry(milliseconds: Int) -> String { "retry: \(milliseconds)\n\n" }

  /// Of all line breaks there are, these two and both together.
  private static func endsLine(_ character: Character) -> Bool { ["\n", "\r", "\r\n"].contains(character) }

  private static func line(_ text: String) -> String { text.filter { !endsLine($0) && $0 != "\0" } }
}
