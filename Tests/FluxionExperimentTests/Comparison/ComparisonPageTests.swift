import Testing

@testable import FluxionExperiment

@Suite("The page of a comparison")
struct ComparisonPageTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let record: ComparisonRecord

    init(_ name: String, _ change: (inout ComparisonRecord) -> Void = { _ in }) {
      testDescription = name
      var record = Comparisons.sample()
      change(&record)
      self.record = record
    }
  }

  static let cases: [Case] = [
    Case("a whole comparison"), Case("no run yet") { for index in 0..<3 { $0.variants[index].runs = [] } },
    Case("some runs done") {
      $0.variants[0].runs.removeLast(); $0.variants[2].runs = []
    },
    Case("one seed") { record in
      record.seeds = [1]
      for index in 0..<3 { record.variants[index].runs = Array(record.variants[index].runs.prefix(1)) }
    },
    Case("no target") { $0.targetAccuracy = nil },
    Case("no accuracy") { record in
      record.targetAccuracy = nil
      for variant in 0..<3 {
        for run in 0..<3 {
          for round in record.variants[variant].runs[run].rounds.indices {
            record.variants[variant].runs[run].rounds[round].accuracy = nil
          }
        }
      }
    },
    Case("runs of no round") { record in
      for run in 0..<3 { record.variants[1].runs[run].rounds = [] }
    },
    Case("many variants") { record in
      record.variants = (0..<20).map { Comparisons.variant("variant \($0)", rate: 0.1, reaching: [$0 + 1, 3, 90]) }
    },
    Case("names that are markup") { record in
      let name = "</table><script>alert('x')</script>&|`*\u{0}\"\u{1b}[31m"
      record.name = name
      record.command = name
      record.variants[0].name = name
      record.variants[1].group = name
      record.variants[2].runs[0].directory = name
      record.settings = [name: .string(name)]
    },
  ]

  @Test("is well-formed, with no script and no address of another host", arguments: cases)
  func wellFormed(_ comparison: Case) throws {
    let text = ComparisonPage(comparison.record).html()
    let page = try #require(parsed(text))
    #expect(page.all("h1").count == 1)
    for name in ["script", "link", "img", "iframe", "object", "image", "use", "a"] { #expect(page.all(name).isEmpty) }
    for word in ["http:", "https:", "url(", "@import", "src="] { #expect(!text.contains(word)) }
    let ids = page.all.compactMap { $0.attributes["id"] }
    #expect(Set(ids).count == ids.count)
    for table in page.all("table") { #expect(Set(table.all("tr").map(\.children.count)).count == 1) }
    #expect(text == ComparisonPage(comparison.record).html())
    #expect(text.utf8.count < 1_000_000)
  }

  @Test("has a Markdown file and charts that stand alone beside it", arguments: cases)
  func markdown(_ comparison: Case) throws {
    let page = ComparisonPage(comparison.record)
    let text = page.markdown()
    #expect(!text.contains("\u{1b}"))
    // Indented lines are code, and after a backslash a bracket is one.
    let markup = text.split(separator: "\n").filter { !$0.hasPrefix("    ") }.joined().replacing("\\<", with: "")
    #expect(!markup.replacing("<br>", with: "").contains("<"))
    let drawn = page.charts.filter(\.hasData)
    #expect(Set(drawn.map(\.path)).count == drawn.count)
    for chart in page.charts {
      #expect(text.contains("](\(chart.path))") == chart.hasData)
      let svg = try #require(parsed(chart.svg(standalone: true)))
      #expect(svg.attributes["xmlns"] == "http://www.w3.org/2000/svg")
      let hasLegend = chart.hasData && chart.chart.series.count > 1
      let names = svg.all("text").map(\.text)
      #expect(!hasLegend || chart.chart.series.allSatisfy { $0.name.contains("\u{0}") || names.contains($0.name) })
    }
    for line in text.split(separator: "\n") where line.hasPrefix("|") {
      #expect(line.hasSuffix("|"))
    }
  }

  @Test("has a row a variant with what it took to the target, the end and the divergence")
  func rows() throws {
    let page = try #require(parsed(ComparisonPage(Comparisons.sample()).html()))
    let table = page.all("table")[0]
    #expect(
      table.all("tr")[0].all("th").map(\.text) == [
        "Variant", "Rounds to 80%", "Traffic to 80%", "Time to 80%", "Accuracy at the end", "Loss at the end",
        "Time a round",
      ])
    let rows = page.all("table").prefix(2).flatMap { $0.all("tr").dropFirst() }.map { row in
      row.children.map { $0.ownText.trimmingWhitespace + "|" + $0.all("span").map(\.text).joined().trimmingWhitespace }
    }
    #expect(rows[0].prefix(3) == ["well set|", "4|3–5", "400 B|300 B–500 B"])
    #expect(rows[1][1] == "6|1 of 3 reached")
    #expect(rows[2].prefix(2) == ["high|", "not reached|0 of 3 reached"])
    #expect(rows[2][4].hasSuffix("1 of 3 diverged in round 3"))
    let notices = page.all("p", class: "notice").map(\.text)
    #expect(notices.count == 1 && notices[0].contains("\"rates: high\" with seed 2 in round 3"))
    #expect(page.all("h2").prefix(2).map(\.text) == ["Others", "rates"])
  }

  @Test("draws curves by round, by bytes and by seconds, each with its band, a colour a variant")
  func curves() throws {
    let page = ComparisonPage(Comparisons.sample())
    #expect(
      page.charts.map(\.id) == [
        "accuracy-by-round-others", "accuracy-by-bytes-others", "accuracy-by-seconds-others", "loss-by-round-others",
        "accuracy-by-round-rates", "accuracy-by-bytes-rates", "accuracy-by-seconds-rates", "loss-by-round-rates",
      ])
    let byRound = page.charts[0].chart
    #expect(byRound.series[0].points.map(\.x) == (1...8).map(Double.init))
    #expect(byRound.series[0].ranges.count == 8)
    #expect(byRound.series.map(\.colour) == [0, 1] && page.charts[4].chart.series.map(\.colour) == [2])
    let svg = try #require(parsed(page.charts[0].svg(standalone: true)))
    #expect(svg.all("path", class: "area").count == 2)
    #expect(page.charts[1].chart.series[0].points.last?.x == 800)
    #expect(page.charts[2].chart.series[0].points.last?.x == 4)
    #expect(page.charts[4].chart.series[0].points.map(\.x) == [1, 2], "the line ends where a seed diverged")
  }

  @Test("says when parties do not train on the same samples")
  func parties() {
    var record = Comparisons.sample()
    #expect(ComparisonPage(record).lede.contains("the same samples at the same parties"))
    record.variants[1].hasSameParties = false
    record.variants[1].trainingSamples = 1300
    let page = ComparisonPage(record)
    #expect(!page.lede.contains("the same samples"))
    #expect(page.notices.contains { $0.contains("well set on 1,438, low on 1,300") })
  }
}

extension String {
  fileprivate var trimmingWhitespace: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
