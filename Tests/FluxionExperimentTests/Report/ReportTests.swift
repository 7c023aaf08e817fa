import FluxionCoordination
import FluxionFederation
import Testing

@testable import FluxionExperiment

/// What holds for every report; a new kind of run is a row.
@Suite("Every report")
struct ReportTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let record: RunRecord
    let headline: String

    init(
      _ name: String, _ headline: String, _ record: RunRecord = Samples.demo(),
      _ change: (inout RunRecord) -> Void = { _ in }
    ) {
      testDescription = name
      self.headline = headline
      var record = record
      change(&record)
      self.record = record
    }
  }

  static let cases: [Case] = [
    Case("a whole run", "96.47% accuracy after 20 rounds"),
    Case("no round", "No round was finished") {
      $0.rounds = []; $0.baselines = nil; $0.stop = .init(.interrupted)
    },
    Case("one round", "96.47% accuracy after 1 round") { $0.rounds = Array($0.rounds.prefix(1)) },
    Case("a run that is going on", "96.47% accuracy after 20 rounds") {
      $0.stop = nil; $0.modelSHA256 = nil
    },
    Case("an error", "Stopped by an error after 20 rounds") {
      $0.stop = .init(.error, message: "round 21, party 3: the loss is not finite", errorCode: "diverged")
    },
    Case("a regression", "Loss 0.1051 after 20 rounds") { record in
      record.baselines = nil
      record.partition?.classNames = nil
      for round in record.rounds.indices { record.rounds[round].testAccuracy = nil }
      for party in 0..<10 { record.partition?.parties[party].labelHistogram = nil }
    },
    Case("no evaluation", "Training loss 0.0402 after 20 rounds") { record in
      record.baselines = nil
      for round in record.rounds.indices {
        record.rounds[round].testAccuracy = nil
        record.rounds[round].testLoss = nil
      }
    },
    Case("numbers that are not finite", "Stopped by an error after 2 rounds", Samples.digits(parties: 3, rounds: 2)) {
      $0.rounds[1].trainLoss = .nan
      $0.rounds[1].testLoss = .infinity
      $0.rounds[1].seconds = .nan
      $0.rounds[1].parties[0].trainLoss = .nan
      $0.rounds[1].parties[0].seconds = .infinity
      $0.baselines = .init(
        alone: [.init(party: "a", accuracy: .nan, loss: .nan)], pooled: .init(accuracy: .nan, loss: nil),
        federation: nil)
      $0.stop = .init(.error)
    },
    Case("no parties known", "96.47% accuracy after 20 rounds") { $0.partition = nil },
    Case("a thousand parties", "96.47% accuracy after 300 rounds", Samples.digits(parties: 1000, rounds: 300)),
    Case("a thousand classes", "96.47% accuracy after 20 rounds") { record in
      record.partition?.classNames = (0..<1000).map { "class \($0)" }
      for party in 0..<10 { record.partition?.parties[party].labelHistogram = (0..<1000).map { $0 % (party + 1) } }
    },
    Case("histograms that disagree", "96.47% accuracy after 20 rounds") { record in
      record.partition?.classNames = ["only one"]
      record.partition?.parties[0].labelHistogram = []
      record.partition?.parties[1].labelHistogram = nil
      record.partition?.parties[2].labelHistogram = [-5, 3]
    },
    Case("an analysis", "96.47% accuracy after 20 rounds", Samples.analyzed()),
    Case("an analysis of many parties", "96.47% accuracy after 20 rounds", Samples.analyzed(parties: 40)),
    Case(
      "an analysis of some of a thousand parties", "96.47% accuracy after 20 rounds", Samples.analyzed(parties: 1000)),
    Case("an analysis without figures", "96.47% accuracy after 1 round", Samples.analyzed(rounds: 1)) {
      guard let old = $0.rounds[0].analysis else { return }
      var party = old.parties[0]
      (party.party, party.loss, party.gradientNorm, party.updateNorm) = (77, nil, nil, nil)
      (party.drift, party.noise, party.updateCosine, party.gradientCosine) = (nil, nil, nil, nil)
      var nothing = old.gradients
      (nothing.cosines, nothing.meanCosine, nothing.diversity, nothing.conflict) = ([[nil]], nil, nil, nil)
      $0.rounds[0].analysis = RoundAnalysis(cohort: 1, parties: [party], gradients: nothing)
    },
    Case("names that are markup", "96.47% accuracy after 20 rounds") { record in
      let name = "</table><script>alert('x')</script>&\u{0}\"\u{1b}[31m"
      record.partition?.parties[3].name = name
      record.partition?.classNames?[2] = name
      record.baselines?.alone[1].party = name
      record.command = name
      record.configuration = [name: .string(name), "list": [.string(name)]]
      record.stop = .init(.interrupted, message: name)
    },
  ]

  @Test("is well-formed, with its headline, no script and no address of another host", arguments: cases)
  func wellFormed(_ run: Case) throws {
    let text = Report(run.record).html()
    let page = try #require(parsed(text))
    #expect(page.all("h1").map(\.text) == [run.headline])
    #expect(page.all("title").first?.text == "\(run.headline) · Fluxion")
    #expect(page.attributes["lang"] == "en")
    for name in ["script", "link", "img", "iframe", "object", "image", "use", "a"] { #expect(page.all(name).isEmpty) }
    for word in ["http:", "https:", "url(", "@import", "src="] { #expect(!text.contains(word)) }
    for element in page.all {
      #expect(!element.attributes.keys.contains { $0.hasPrefix("on") || $0 == "href" })
    }
    let ids = page.all.compactMap { $0.attributes["id"] }
    #expect(Set(ids).count == ids.count)
    for reference in page.all.compactMap({ $0.attributes["aria-labelledby"] }) {
      #expect(reference.split(separator: " ").allSatisfy { ids.contains(String($0)) })
    }
    for table in page.all("table") {
      #expect(table.all("caption").count == 1)
      let widths = Set(table.all("tr").map(\.children.count))
      #expect(widths.count == 1)
    }
    #expect(text == Report(run.record).html())
  }

  @Test("is small enough to send, however large the run", arguments: cases)
  func size(_ run: Case) { #expect(Report(run.record).html().utf8.count < 400_000) }
}

@Suite("The report")
struct ReportContentTests {
  private func page(_ change: (inout RunRecord) -> Void = { _ in }) throws -> Element {
    var record = Samples.demo()
    change(&record)
    return try #require(parsed(Report(record).html()))
  }

  @Test("compares the parties alone, the federation and the pooled data")
  func comparison() throws {
    let rows = try page().all("table", class: "comparison")[0].all("tr").dropFirst()
    #expect(rows.map { $0.attributes["class"] } == ["alone", "federation", "pooled"])
    let numbers = rows.map { $0.all("td", class: "number").map(\.text) }
    #expect(numbers[1] == ["96.47%", "0.1051"])
    #expect(numbers[2] == ["97.78%", "0.0788"])
    #expect(rows.map { $0.all("span", class: "mark").count } == [10, 0, 0])
    #expect(rows.map { $0.all("span", class: "bar").first?.attributes["style"] ?? "" }[2] == "width:97.78%")
    #expect(try page { $0.baselines = nil }.all("table", class: "comparison").isEmpty)
  }

  @Test("has the sums of bytes and seconds, the parties and the parameters")
  func keyFigures() throws {
    let record = Samples.demo()
    let figures = try page().all("dl", class: "figures")[0]
    let values = Dictionary(
      uniqueKeysWithValues: zip(figures.all("dt").map(\.text), figures.all("span", class: "large").map(\.text)))
    #expect(values["Rounds"] == "20")
    #expect(values["Parties"] == "10")
    #expect(values["Parameters"] == "186,122")
    #expect(values["Traffic"] == Figures.bytes(record.rounds.reduce(0) { $0 + $1.bytesUp + $1.bytesDown }))
    #expect(values["Training time"] == Figures.seconds(record.rounds.reduce(0) { $0 + $1.seconds }))
    #expect(values["Test loss"] == "0.1051")
  }

  @Test("has a row a party with what it did in all rounds")
  func parties() throws {
    let record = Samples.demo()
    let table = try #require(page().all("table").first { $0.text.contains("What each party holds") })
    #expect(
      table.all("th").prefix(7).map(\.text) == [
        "Party", "Samples", "Labels", "Steps", "Training loss", "Work", "Alone",
      ])
    let row = table.all("tr")[3].children.map(\.text)
    let work = record.rounds.map { $0.parties[2] }
    #expect(row[..<4] == ["party 2", "\(work[0].samples)", "6", Figures.count(work.reduce(0) { $0 + $1.steps })])
    #expect(row[4] == Figures.loss(work[19].trainLoss))
  }

  @Test("has every setting by its path, and the command, the seed and the digest to have the run again")
  func reproduction() throws {
    let page = try page()
    let settings = page.all("dl", class: "settings")[0]
    let values = Dictionary(uniqueKeysWithValues: zip(settings.all("dt").map(\.text), settings.all("dd").map(\.text)))
    #expect(values["local.learningRate"] == "0.05")
    #expect(values["data.source"] == "digits")
    #expect(page.all("code").contains { $0.text == Samples.demo().modelSHA256 })
    #expect(
      page.all("pre")[0].all("code")[0].text.replacing(" \\\n ", with: "").hasPrefix(
        "fluxion simulate --data digits --parties 10"))
  }

  @Test("names the party whose updates disagree with the rest, and draws how the parties agree")
  func analysis() throws {
    let page = try #require(parsed(Report(Samples.analyzed()).html()))
    let notices = page.all("p", class: "notice").map(\.text)
    #expect(notices.count == 1)
    #expect(
      try #require(notices.first).hasPrefix("The updates of party 3 disagree with the rest in 5 of 5 analysed rounds"))
    let map = try #require(page.all("svg").first { $0.attributes["aria-labelledby"]?.contains("last-cosines") == true })
    #expect(map.all("rect").count == 100)
    #expect(map.all("rect", class: "cell-against").count == 18)
    for heading in ["Mean cosine to the others", "Gradient noise scale", "Largest Hessian eigenvalue"] {
      #expect(page.all("h3").contains { $0.text == heading })
    }
    #expect(page.all("table").contains { $0.text.contains("Every party in round 17 in numbers") })

    var agreeing = Samples.analyzed()
    for round in agreeing.rounds.indices { agreeing.rounds[round].analysis?.disagreeing = [] }
    let calm = try #require(parsed(Report(agreeing).html()))
    #expect(calm.all("p", class: "notice").isEmpty)
    #expect(calm.all("p", class: "about").contains { $0.text.hasPrefix("No party’s updates disagree") })
    #expect(try !self.page().text.contains("Gradient norm"))

    let some = try #require(parsed(Report(Samples.analyzed(parties: 1000)).html()))
    #expect(some.text.contains("100 of the round’s 1,000 parties, drawn at random, were analysed"))
  }

  @Test("folds a long command into lines that a shell reads as one")
  func folding() {
    let command = Samples.demo().command ?? ""
    let folded = Report.folded(command)
    #expect(folded.replacing(" \\\n ", with: "") == command)
    #expect(folded.split(separator: "\n").allSatisfy { $0.count <= 74 })
    #expect(Report.folded("fluxion demo") == "fluxion demo")
    let quoted = command + " --output 'a --b'"
    #expect(Report.folded(quoted) == quoted)
  }

  @Test("sums up more parties than can be listed")
  func manyParties() throws {
    let page = try #require(parsed(Report(Samples.digits(parties: 1000, rounds: 2)).html()))
    #expect(!page.text.contains("party 999"))
    let table = try #require(page.all("table").first { $0.text.contains("How the parties are spread") })
    #expect(table.all("tr").count == 5)
  }

  @Test("bins whole numbers into ranges of one width")
  func bins() {
    #expect(Report.binned([1, 1, 3], into: 24).map(\.name) == ["1", "2", "3"])
    #expect(Report.binned([1, 1, 3], into: 24).map(\.count) == [2, 0, 1])
    let bins = Report.binned(Array(0..<1000), into: 24)
    #expect(bins.count <= 24 && bins.reduce(0) { $0 + $1.count } == 1000)
    #expect(bins[0].name == "0–41")
    #expect(Report.binned([], into: 24).isEmpty)
    #expect(Report.binned([Int.min, Int.max], into: 24).isEmpty)
    #expect(Report.binned([5, 5], into: 24).map(\.count) == [2])
  }
}
