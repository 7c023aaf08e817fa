import Fluxion
@testable import FluxionTool
import Foundation
import Logging
import Testing

@Suite("The server's log")
struct LogTests {
  /// A file that goes when the test does.
  private final class Place {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-log-\(UUID())")
    var file: URL { folder.appending(path: "server.log") }
    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: folder) }

    func lines(_ url: URL? = nil) throws -> [String] {
      try String(contentsOf: url ?? file, encoding: .utf8).split(separator: "\n").map(String.init)
    }
  }

  private let refusal = ClientFailure(.malformed, "line 7 of patients.csv has the label \"HIV\"")
  private func name(_ place: Int) -> String { ["north", "south"][place] }

  @Test("an event is a line of JSON whose numbers are numbers, with a constant message")
  func line() throws {
    let place = try Place()
    let log = ServerLog(place.file)
    log.write(try #require(ServerEvent(.connected(party: 1, name: "south", samples: 120), name: name)))
    log.write(.began(at: "127.0.0.1:7117", page: nil))
    let lines = try place.lines()
    #expect(lines.count == 2)
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(lines[0].utf8))
    #expect(value["message"] == "party joined" && value["level"] == "info")
    #expect(value["metadata"] == ["party": "south", "place": 1, "samples": 120])
    #expect(lines[1].contains(#""message": "server began""#))
    #expect(lines[0].hasPrefix(#"{"time": "2"#))
  }

  @Test("nothing that a party says in its own words is logged, for it may quote its data")
  func personal() throws {
    let place = try Place()
    let log = ServerLog(place.file)
    let events: [ServerEvent?] = [
      ServerEvent(.refused(round: 3, party: 1, refusal), name: name),
      ServerEvent(.updateRefused(round: 3, client: 1, refusal), name: name),
      ServerEvent(.quarantined(party: 1, reason: refusal.reason), name: name),
      ServerEvent(.runFinished(.clientFailed(round: 3, client: 1, refusal)), name: name),
    ]
    for event in events { log.write(try #require(event)) }
    let text = try String(contentsOf: place.file, encoding: .utf8)
    #expect(!text.contains("HIV") && !text.contains("patients.csv"))
    #expect(text.contains(#""kind": "malformed", "party": "south", "place": 1, "round": 3"#))
    #expect(text.split(separator: "\n").count == 4)
  }

  @Test("every fact of a round is logged that is not one of many, and an end says what ended the server")
  func events() {
    let round = RoundRecord(round: 2, testAccuracy: 0.5, trainLoss: .nan, seconds: 1, bytesUp: 3, bytesDown: 4)
    let recorded = ServerEvent(.roundRecorded(round), name: name)
    #expect(recorded?.message == "round recorded")
    #expect(recorded?.metadata["accuracy"] == .stringConvertible(0.5))
    #expect(recorded?.metadata["trainLoss"] == nil)
    #expect(ServerEvent(.roundStarted(round: 1, cohort: 2), name: name) == nil)
    #expect(ServerEvent(.received(party: 0, bytes: 5), name: name) == nil)
    #expect(ServerEvent(.roundMissed(round: 1), name: name)?.level == .warning)
    #expect(ServerEvent.ended(CancellationError()).level == .info)
    let failure = ServerEvent.ended(FluxionError(.cannotWrite, "the disk is full"))
    #expect(failure.level == .error && failure.metadata["code"] == "cannot-write")
  }

  @Test("a library is silent at info, and its warnings have its label")
  func library() throws {
    let place = try Place()
    let logger = ServerLog(place.file).library("page")
    logger.info("listening")
    logger.warning("too many connections", metadata: ["open": "256"])
    let lines = try place.lines()
    #expect(lines.count == 1)
    #expect(lines[0].contains(#""label": "page""#))
  }

  @Test("a file at its limit is moved aside once, and no line is cut or lost in between")
  func rotation() throws {
    let place = try Place()
    let file = LogFile(place.file, maximumByteCount: 100)
    for number in 10..<30 { file.append("line \(number) of thirty bytes here.") }
    let (earlier, latest) = (try place.lines(LogFile.earlier(than: place.file)), try place.lines())
    #expect((earlier + latest).count == latest.count + 3)
    #expect((earlier + latest).last == "line 29 of thirty bytes here.")
    #expect((earlier + latest).map { $0.count } == Array(repeating: 29, count: earlier.count + latest.count))
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path).count == 2)
    let mode = try FileManager.default.attributesOfItem(atPath: place.file.path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test("a line that a killed process left unfinished does not spoil the next one")
  func unfinished() throws {
    let place = try Place()
    try Data("{\"time\":".utf8).write(to: place.file)
    LogFile(place.file).append("whole")
    #expect(try place.lines() == ["{\"time\":", "whole"])
  }

  @Test("a reader has the last lines of both files, then those that come, also after the file is moved aside")
  func reader() throws {
    let place = try Place()
    var none = LogReader(place.file)
    #expect(throws: FluxionError.self) { try none.last(3) }
    let file = LogFile(place.file, maximumByteCount: 40)
    for number in 0..<6 { file.append("line \(number)!") }
    var reader = LogReader(place.file)
    #expect(try reader.last(3) == ["line 3!", "line 4!", "line 5!"])
    #expect(reader.more().isEmpty)
    for number in 6..<12 { file.append("line \(number)!") }
    #expect(reader.more() == (6..<12).map { "line \($0)!" })
  }

  @Test("a line is shown with its parts in order, and whatever it holds cannot write to the terminal")
  func readable() throws {
    let style = TerminalStyle(isTTY: false)
    let line =
      #"{"time": "2026-11-21T22:24:54.120Z", "level": "warning", "message": "update refused", "#
      + #""metadata": {"party": "a b", "round": 3}}"#
    #expect(
      LogLine.readable(line, style) == "2026-11-21 22:24:54.120Z  warning  update refused  party='a b' round=3")
    #expect(LogLine.readable("no \u{1b}[31mJSON", style) == "no \u{fffd}[31mJSON")
    let bold = #"{"time": "1", "level": "info", "message": "\u001b[1m"}"#
    #expect(!LogLine.readable(bold, style).contains("\u{1b}"))
  }
}
