@testable import FluxionDashboard
import FluxionCoordination
import Foundation
import Testing

@Suite("Server-sent events")
struct EventTests {
  @Test("an event is its id, its name, its data a line a field, and an empty line")
  func framing() {
    #expect(ServerSentEvent(id: "a-1", name: "round", data: "{}").text == "id: a-1\nevent: round\ndata: {}\n\n")
    #expect(ServerSentEvent(name: "beat", data: "").text == "event: beat\ndata: \n\n")
    #expect(
      ServerSentEvent(name: "x", data: "one\r\ntwo\rthree\n").text
        == "event: x\ndata: one\ndata: two\ndata: three\ndata: \n\n")
  }

  @Test("no name, id or data can end a field or an event before its time")
  func injection() {
    let text = ServerSentEvent(id: "1\nevent: evil", name: "a\r\n\r\ndata: b", data: "x\n\nevent: evil").text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.filter { $0.hasPrefix("event:") }.count == 1)
    #expect(text.components(separatedBy: "\n\n").count == 2)
  }

  @Test("every change has a name and JSON on one line, also with names that are hostile")
  func json() throws {
    let board = Facts.board(parties: ["\n\"</script>"])
    board.post(.runStarted(algorithm: "fedavg", clients: 1, parameterCount: 1))
    board.post(.roundStarted(round: 1, cohort: 1))
    board.post(Facts.refused(0, in: 1, "\r\n\u{2028}data: x"))
    let changes: [StatusChange] = [
      .reset(board.status), .party(board.status.parties[0]), .state(board.status.state), .run(board.status.run),
    ]
    for change in changes {
      let json = try change.json()
      #expect(!json.contains(UInt8(ascii: "\n")) && !json.contains(UInt8(ascii: "\r")))
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: json) }
    }
  }
}
