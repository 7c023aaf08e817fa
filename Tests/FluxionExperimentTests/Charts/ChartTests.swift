import Testing

@testable import FluxionExperiment

/// What holds for every chart, whatever it is given; a new chart or a new kind of data is a row.
@Suite("Every chart")
struct ChartTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let hasData: Bool
    let svg: @Sendable (Bool) -> String
  }

  private static func line(_ name: String, hasData: Bool = true, _ values: [(x: Double, y: Double)]...) -> Case {
    Case(testDescription: "line chart of \(name)", hasData: hasData) { standalone in
      LineChart(
        id: "chart", title: "A & B <1>", x: ChartAxis("round", unit: .count), y: ChartAxis("loss \"x\""),
        series: values.enumerated().map { .init("series <\($0.offset)>", $0.element, isDashed: $0.offset == 1) },
        references: [.init("level & more", y: 0.5), .init("none", y: .nan)]
      ).svg(standalone: standalone)
    }
  }

  private static func bars(_ name: String, hasData: Bool = true, _ categories: [String], _ values: [Double]...) -> Case
  {
    Case(testDescription: "bar chart of \(name)", hasData: hasData) { standalone in
      BarChart(
        id: "chart", title: "A & B <1>", xTitle: "party's", categories: categories, y: ChartAxis("n", unit: .count),
        series: values.enumerated().map { .init("series <\($0.offset)>", $0.element) }
      ).svg(standalone: standalone)
    }
  }

  private static func heat(_ name: String, hasData: Bool = true, _ columns: [String], _ rows: [[Int]]) -> Case {
    Case(testDescription: "heat map of \(name)", hasData: hasData) { standalone in
      HeatMap(
        id: "chart", title: "A & B <1>", xTitle: "label", rowNames: rows.indices.map { "<party> \($0)" },
        columnNames: columns, rows: rows
      ).svg(standalone: standalone)
    }
  }

  private static func cosines(_ name: String, hasData: Bool = true, _ columns: [String], _ cells: [[Double?]]) -> Case {
    Case(testDescription: "cosines of \(name)", hasData: hasData) { standalone in
      HeatMap(
        id: "chart", title: "A & B <1>", xTitle: "party", rowNames: cells.indices.map { "<party> \($0)" },
        columnNames: columns, cells: cells, scale: .cosines
      ).svg(standalone: standalone)
    }
  }

  static let cases: [Case] = [
    line("two curves", [(1, 2), (2, 1), (3, 0.5)], [(1, 1), (2, 0.5)]),
    line("one point", [(1, 0.25)]),
    line("a flat curve", [(1, 0), (2, 0), (3, 0)]),
    line("a curve with gaps", [(1, 1), (2, .nan), (3, 2), (4, .infinity), (5, 3)]),
    line("huge and tiny numbers", [(1, 1e-300), (2, 1e300), (3, -1e14)]),
    line("very many points", (0..<20_000).map { (Double($0), Double($0 % 97)) }),
    Case(testDescription: "line chart of bands and long names", hasData: true) { standalone in
      LineChart(
        id: "chart", title: "A & B <1>", x: ChartAxis("round", unit: .count), y: ChartAxis("", unit: .fraction),
        series: (0..<9).map { (index: Int) in
          .init(
            "a variant with a long name \(index)", [(1, 0.1), (2, 0.5), (3, .nan), (4, 0.7)],
            ranges: [(0, 0.2), (0.4, 0.6), (.nan, .nan), (-0.5, 1.5)], colour: index)
        }
      ).svg(standalone: standalone)
    },
    line("nothing", hasData: false, []),
    line("nothing finite", hasData: false, [(1, .nan), (.infinity, 2)]),
    line("no curve", hasData: false),
    bars("two stacked series", ["a<", "b&"], [1, 2], [3, 4]),
    bars("fewer values than categories", ["a", "b", "c"], [1]),
    bars("values that are none", ["a", "b", "c"], [.nan, -1, 2]),
    bars("very many categories", (0..<500).map { "category \($0)" }, (0..<500).map { Double($0 % 7) }),
    bars("zeros", hasData: false, ["a"], [0]),
    bars("nothing", hasData: false, [], []),
    heat("parties and labels", ["0", "1", "2"], [[1, 0, 600], [0, 0, 0], [3]]),
    heat(
      "very many rows and columns", (0..<64).map { "label \($0)" }, (0..<100).map { row in (0..<64).map { $0 * row } }),
    heat("no rows", hasData: false, ["0"], []),
    cosines("two parties", ["0", "1"], [[1, -0.25], [-0.25, 1]]),
    cosines("parties without some", ["0", "1", "2"], [[1, nil, .nan], []]),
    cosines("nothing known", ["0"], [[nil]]),
    cosines("no parties", hasData: false, [], []),
    heat("no columns", hasData: false, [], [[], []]),
  ]

  @Test("is well-formed, says in words what it shows, and stays in its frame", arguments: cases)
  func wellFormed(_ chart: Case) throws {
    for standalone in [false, true] {
      let text = chart.svg(standalone)
      let svg = try #require(parsed(text))
      #expect(svg.name == "svg")
      #expect(svg.attributes["role"] == "img")
      #expect(svg.attributes["aria-labelledby"] == "chart-title chart-description")
      #expect(svg.children.first { $0.attributes["id"] == "chart-title" }?.text == "A & B <1>")
      #expect(svg.children.first { $0.attributes["id"] == "chart-description" }?.text.hasSuffix(".") == true)
      #expect(svg.all("text").contains { $0.text == "no data" } == !chart.hasData)
      #expect(svg.all("style").isEmpty != standalone)
      for word in ["nan", "inf"] {
        #expect(!svg.all.contains { $0.attributes.values.contains { $0.lowercased() == word } })
      }
      try expectInFrame(svg)
    }
  }

  /// Rectangles, lines and dots lie within the view box.
  private func expectInFrame(_ svg: Element) throws {
    let box = try #require(svg.attributes["viewBox"]).split(separator: " ").compactMap { Double($0) }
    try #require(box.count == 4)
    for element in svg.all {
      for (names, limit) in [(["x", "x1", "x2", "cx"], box[2]), (["y", "y1", "y2", "cy"], box[3])] {
        for value in names.compactMap({ element.attributes[$0].flatMap(Double.init) }) {
          #expect(value >= -1 && value <= limit + 1, "\(element.name) \(element.attributes)")
        }
      }
      if element.name == "rect", let width = element.attributes["width"].flatMap(Double.init) {
        #expect(width >= 0 && width <= box[2])
        #expect(element.attributes["height"].flatMap(Double.init) ?? 0 >= 0)
      }
    }
  }

  @Test("is the same text each time", arguments: cases)
  func deterministic(_ chart: Case) { #expect(chart.svg(true) == chart.svg(true)) }

  @Test("has a size that does not grow with its points")
  func bounded() throws {
    let many = try #require(Self.cases.first { $0.testDescription.contains("very many points") })
    #expect(many.svg(false).utf8.count < 20_000)
  }
}

@Suite("Charts")
struct ChartDetailTests {
  @Test("tell on hovering what is at a place")
  func hovers() throws {
    let chart = LineChart(
      id: "a", title: "", x: ChartAxis("round", unit: .count), y: ChartAxis("", unit: .fraction),
      series: [.init("test", [(1, 0.5), (2, 0.75)]), .init("training", [(2, 0.875)])])
    let svg = try #require(parsed(chart.svg()))
    #expect(
      svg.all("rect", class: "band").map(\.text).map {
        $0.split(separator: "\n").filter { !$0.isEmpty }.joined(separator: "; ")
      } == [
        "round 1; test: 50.00%", "round 2; test: 75.00%; training: 87.50%",
      ])
  }

  @Test("draw higher values higher, and break a curve where a value is missing")
  func curve() throws {
    let chart = LineChart(
      id: "a", title: "", x: ChartAxis("x"), y: ChartAxis("y"),
      series: [.init("one", [(0, 0), (1, 1), (2, .nan), (3, 4)])])
    let path = try #require(parsed(chart.svg())?.all("path").first?.attributes["d"])
    #expect(path == "M54 230h0L191.3 179.5M466 28h0")
  }

  @Test("draw a band from the lowest to the highest value around a curve, and tell both on hovering")
  func band() throws {
    let chart = LineChart(
      id: "a", title: "", x: ChartAxis("x"), y: ChartAxis("y", unit: .count),
      series: [.init("one", [(0, 1), (1, 2)], ranges: [(0, 2), (1, 4)])])
    let svg = try #require(parsed(chart.svg()))
    let path = try #require(svg.all("path", class: "area").first?.attributes["d"])
    #expect(path == "M54 129L466 28L466 179.5L54 230Z")
    #expect(svg.all("rect", class: "band").first?.text.contains("one: 1 (0 to 2)") == true)
  }

  @Test("name their series in as many rows as it takes, and make room for them")
  func legend() throws {
    func chart(_ count: Int) throws -> Element {
      let chart = LineChart(
        id: "a", title: "", x: ChartAxis("x"), y: ChartAxis("y"),
        series: (0..<count).map { .init("a long name, number \($0)", [(0, 0), (1, 1)]) })
      return try #require(parsed(chart.svg()))
    }
    #expect(try chart(2).attributes["viewBox"] == "0 0 480 270")
    let tall = try chart(5)
    #expect(tall.attributes["viewBox"] == "0 0 480 306")
    let rows = tall.all("text").filter { $0.text.hasPrefix("a long") }.compactMap { $0.attributes["y"] }
    #expect(rows == ["13", "13", "31", "31", "49"] || Set(rows) == ["13", "31", "49"])
  }

  @Test("keep the peaks of a thinned curve")
  func thinned() {
    var points = (0..<10_000).map { (x: Double($0), y: 0.0) }
    points[4321].y = 9
    points[8765].y = -9
    points[1234].y = .nan
    let thinned = LineChart.thinned(points).map { points[$0] }
    #expect(thinned.count <= LineChart.maximumPoints)
    #expect(thinned.contains { $0 == points[4321] } && thinned.contains { $0 == points[8765] })
    #expect(thinned.contains { $0.y.isNaN })
    #expect(thinned.map(\.x) == thinned.map(\.x).sorted())
  }

  @Test("stack bars without gaps, as high as their sum")
  func stacked() throws {
    let chart = BarChart(
      id: "a", title: "", xTitle: "", categories: ["a"], y: ChartAxis("", unit: .count),
      series: [.init("one", [10]), .init("two", [30])])
    let svg = try #require(parsed(chart.svg()))
    let bars = svg.all("rect").filter { !$0.children.isEmpty }
    #expect(bars.map { $0.attributes["y"] } == ["157", "28"])
    #expect(bars.map { $0.attributes["height"] } == ["43", "129"])
    #expect(
      bars.map(\.text) == ["a, one: 10", "a, two: 30"].map { $0 + "\n" }
        || bars.map { $0.children[0].text } == ["a, one: 10", "a, two: 30"])
  }

  @Test("shade larger counts darker, and tell each")
  func shades() throws {
    let chart = HeatMap(
      id: "a", title: "", xTitle: "", rowNames: ["p", "q"], columnNames: ["0", "1"], rows: [[0, 10], [5]])
    let cells = try #require(parsed(chart.svg())).all("rect")
    #expect(cells.map { $0.attributes["fill-opacity"] } == [nil, "1.00", "0.55", nil])
    #expect(cells.map { $0.children[0].text } == ["p, 0: 0", "p, 1: 10", "q, 0: 5", "q, 1: 0"])
  }

  @Test("give cosines a colour for either sign, and leave out what is not known")
  func signs() throws {
    let chart = HeatMap(
      id: "a", title: "", xTitle: "", rowNames: ["p", "q"], columnNames: ["0", "1"], cells: [[1, -0.5], [nil, 0]],
      scale: .cosines)
    let svg = try #require(parsed(chart.svg()))
    let cells = svg.all("rect")
    #expect(cells.map { $0.attributes["class"] } == ["cell", "cell-against", "cell-empty", "cell"])
    #expect(cells.map { $0.attributes["fill-opacity"] } == ["1.00", "0.55", nil, "0.10"])
    #expect(cells.map { $0.children[0].text } == ["p, 0: 1.000", "p, 1: -0.500", "q, 0: –", "q, 1: 0.000"])
    #expect(svg.all("text").map(\.text).contains("−0.5"))
  }

  @Test("draw faint curves behind the others, and name them on hovering alone")
  func faint() throws {
    let chart = LineChart(
      id: "a", title: "", x: ChartAxis("x"), y: ChartAxis("y"),
      series: [.init("median", [(0, 1), (1, 2)]), .init("one", [(0, 0), (1, 1)], isFaint: true)])
    let svg = try #require(parsed(chart.svg()))
    #expect(svg.all("path").map { $0.attributes["class"] } == ["line faint", "line stroke-1"])
    #expect(!svg.all("text").contains { $0.text == "one" })
    #expect(svg.all("rect", class: "band").allSatisfy { $0.text.contains("one: ") })
  }

  @Test(
    "have ticks at round numbers that cover the values",
    arguments: [
      ([0.13, 0.97], ChartAxis.Unit.fraction, ["0%", "20%", "40%", "60%", "80%", "100%"]),
      ([0.951, 0.968], .fraction, ["95.0%", "95.5%", "96.0%", "96.5%", "97.0%"]),
      ([0, 2.3], .number, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
      ([1, 3], .count, ["1", "2", "3"]), ([5], .count, ["4", "5", "6"]),
      ([], .number, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
      ([0, 140e6], .bytes, ["0", "50 MB", "100 MB", "150 MB"]),
      ([0, 0.03], .seconds, ["0", "10 ms", "20 ms", "30 ms"]),
      ([0, 420], .seconds, ["0", "2 min", "3 min", "5 min", "7 min", "8 min"]),
    ])
  func ticks(_ values: [Double], _ unit: ChartAxis.Unit, _ labels: [String]) {
    let scale = ChartScale(values, axis: ChartAxis("", unit: unit), count: 5, rounded: true)
    #expect(scale.labels == labels)
    #expect(values.allSatisfy { (0...1).contains(scale.position($0)) })
  }
}
