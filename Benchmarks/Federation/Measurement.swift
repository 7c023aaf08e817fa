import Foundation

/// What one scenario came to.
struct Measurement: Codable {
  /// How long rounds took.
  struct Rounds: Codable {
    var count: Int
    /// In seconds, as are the others: nine rounds of ten took no longer than `slow`.
    var median: Double
    var slow: Double
    var maximum: Double

    init(_ seconds: [Double]) {
      let sorted = seconds.sorted()
      count = sorted.count
      median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
      slow = sorted.isEmpty ? 0 : sorted[min(sorted.count * 9 / 10, sorted.count - 1)]
      maximum = sorted.last ?? 0
    }
  }

  var scenario: String
  var clients: Int
  /// To the clients and back in a round; nil where next to nothing is sent.
  var roundByteCount: Int?
  var secondsToConnect = 0.0
  var rounds = Rounds([])
  /// Of a processor, for one round, in the server and in the process of the clients.
  var serverProcessorSeconds = 0.0
  var clientsProcessorSeconds = 0.0
  var roundsBesideIntruders: Rounds?
  var roundsAfterIntruders: Rounds?
  var intruders: Intruders.Report?
  /// What the server had when the clients were connected.
  var connectedByteCount = 0
  /// The most that the server and the process of the clients had.
  var serverByteCount = 0
  var clientsByteCount = 0

  static let header =
    "scenario           round ms: median      90 %   maximum     MB/s   processor ms: server   clients"
    + "   peak MB: server   clients   connected in s"

  var row: String {
    func milliseconds(_ seconds: Double) -> String { Self.padded(String(format: "%.2f", seconds * 1000), 10) }
    func megabytes(_ count: Int) -> String { Self.padded("\(count / 1_000_000)", 10) }
    let rate = roundByteCount.map { String(format: "%.0f", Double($0) / 1e6 / rounds.median) } ?? ""
    var lines = [
      scenario.padding(toLength: 26, withPad: " ", startingAt: 0) + milliseconds(rounds.median)
        + milliseconds(rounds.slow) + milliseconds(rounds.maximum) + Self.padded(rate, 9) + "            "
        + milliseconds(serverProcessorSeconds) + milliseconds(clientsProcessorSeconds) + "        "
        + megabytes(serverByteCount) + megabytes(clientsByteCount)
        + Self.padded(String(format: "%.2f", secondsToConnect), 17)
    ]
    for (name, rounds) in [("  beside intruders", roundsBesideIntruders), ("  after them", roundsAfterIntruders)] {
      guard let rounds else { continue }
      lines.append(
        name.padding(toLength: 26, withPad: " ", startingAt: 0) + milliseconds(rounds.median)
          + milliseconds(rounds.slow) + milliseconds(rounds.maximum) + "   \(rounds.count) rounds")
    }
    for group in intruders?.groups ?? [] {
      let closed = String(format: "%.1f to %.1f s", group.firstClosed, group.lastClosed)
      lines.append(
        "    \(group.count) × \(group.behaviour.rawValue): \(group.closed) closed, after \(closed)"
          + (group.failed > 0 ? "; \(group.failed) did not come so far" : ""))
    }
    return lines.joined(separator: "\n")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
