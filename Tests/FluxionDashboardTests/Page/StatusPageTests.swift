import FluxionCoordination
@testable import FluxionDashboard
import FluxionFederation
import FluxionExperiment
import Foundation
import Testing

@Suite("The page")
struct StatusPageTests {
  private func page(_ body: (StatusBoard) -> Void, parties: [String] = ["a", "b", "c"]) -> String {
    let board = Facts.board(parties: parties)
    body(board)
    return StatusPage(board.status, modelSHA256: "0123", modelByteCount: 99).document()
  }

  @Test("names the client that was refused, and why; whatever it says is text")
  func names() {
    let html = page(
      { board in
        board.post(.connected(party: 0, name: "<b>mallory</b>", samples: 3))
        board.post(.roundStarted(round: 1, cohort: 2))
        board.post(Facts.refused(0, in: 1, "</table><script>alert(1)</script>"))
      }, parties: ["<b>mallory</b>", "b"])
    #expect(html.contains("&lt;b&gt;mallory&lt;/b&gt;") && !html.contains("<b>mallory"))
    #expect(html.contains("&lt;script&gt;alert(1)") && !html.contains("<script>alert"))
    #expect(html.contains("last update refused"))
  }

  @Test("keeps to the rules of its own policy: no inline script, style or handler, no foreign host")
  func policy() {
    let pages = [
      page { board in
        for round in 1...3 {
          board.post(.roundStarted(round: round, cohort: 3))
          board.post(Facts.accepted(0, in: round))
          board.post(Facts.refused(1, in: round))
          board.post(Facts.recorded(round))
        }
      }, SignInPage(isWrong: true).document(),
    ]
    for html in pages {
      #expect(html.firstMatch(of: /\sstyle=/) == nil && html.firstMatch(of: /\son[a-z]+=/) == nil)
      #expect(!html.contains("<style") && !html.contains("http://") && !html.contains("https://"))
      for script in html.matches(of: /<script[^>]*>([^<]*)</) { #expect(script.output.1.isEmpty) }
    }
    for asset in [Assets.styleSheet, Assets.script, Assets.signInScript] { #expect(!asset.contains("http")) }
  }

  @Test("has landmarks, one heading, headers of columns and rows, and names for what scrolls")
  func accessible() {
    let html = page { board in
      board.post(.roundStarted(round: 1, cohort: 3))
      board.post(Facts.accepted(0, in: 1))
      board.post(Facts.recorded(1))
    }
    for text in [
      "<html lang=\"en\">", "<header>", "<main>", "<footer>", "aria-live=\"polite\"", "scope=\"col\"", "scope=\"row\"",
      "<caption", "role=\"region\" aria-label=", "<progress",
    ] { #expect(html.contains(text), "\(text)") }
    #expect(html.matches(of: /<h1/).count == 1)
    let ids = html.matches(of: /\sid="([^"]+)"/).map { String($0.output.1) }
    #expect(Set(ids).count == ids.count)
    for reference in html.matches(of: /aria-labelledby="([^"]+)"/) {
      #expect(reference.output.1.split(separator: " ").allSatisfy { ids.contains(String($0)) })
    }
  }

  @Test("has every part from the beginning, so that the script can put each in place")
  func parts() {
    let parts = { (html: String) in html.matches(of: /data-part="([a-z]+)"/).map { String($0.output.1) } }
    let early = parts(page { _ in })
    let late = parts(
      page { board in
        board.post(.roundStarted(round: 1, cohort: 3))
        board.post(Facts.refused(0, in: 1))
        board.post(Facts.recorded(1))
      })
    #expect(early == late && Set(early).count == early.count && early.count == 9)
  }

  @Test("lists as many parties and rounds as can be read, and those with trouble first")
  func bounded() {
    let html = page(
      { board in
        board.post(.quarantined(party: 900, reason: "too many refusals"))
        for round in 1...200 { board.post(Facts.recorded(round)) }
      }, parties: (0..<1000).map { "party-\($0)" })
    #expect(html.contains("party-900") && html.contains("100 of 1,000 parties"))
    #expect(html.utf8.count < 400_000)
  }

  @Test("the timeline tells by shape as well as by colour, and in words")
  func timeline() {
    let turns: [FederationStatus.Turns] = [
      .init(round: 1, outcomes: [.accepted, .refused, .missed]),
      .init(round: 2, outcomes: [.accepted, nil, .accepted]),
    ]
    let svg = TimelineChart(id: "t", names: ["a", "b", "c"], turns: turns).svg()
    #expect(svg.matches(of: /class="turn-accepted"/).count == 3)
    #expect(svg.matches(of: /class="turn-cross"/).count == 1 && svg.matches(of: /class="turn-missed"/).count == 1)
    #expect(svg.matches(of: /class="turn-none"/).count == 1)
    #expect(svg.contains("b: 1 refused, 0 did not come; c: 0 refused, 1 did not come."))
  }

  @Test("one page is made for all who look at one state")
  func cached() throws {
    let board = Facts.board()
    let cache = PageCache(board)
    let first = try cache.html()
    #expect(try cache.html() == first)
    board.post(.roundStarted(round: 1, cohort: 3))
    #expect(try cache.html() != first)
  }
}
