import FluxionCoordination
import Foundation
import Testing

@testable import FluxionExperiment

@Suite("The progress line")
struct ProgressLineTests {
  private let rounds = Samples.demo().rounds

  /// What a terminal would show of text: a line a row, overwritten lines as they end.
  private func shown(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let last = line.components(separatedBy: "\r\u{1b}[2K").last ?? ""
      return last.replacing(/\u{1b}\[[0-9;]*m/, with: "")
    }
  }

  @Test("is never wider than the terminal, and never fills its last column", arguments: [20, 30, 40, 60, 80, 100, 200])
  func width(_ width: Int) {
    for colour in [true, false] {
      var progress = ProgressLine(rounds: 1000, style: TerminalStyle(width: width, isTTY: true, hasColour: colour))
      for round in rounds {
        let working = progress.working(round: round.round, done: 12_345, of: 1_000_000)
        let finished = progress.finished(round)
        for line in shown(working) + shown(finished) {
          #expect(TerminalText.width(line) < width)
          #expect(line.hasPrefix("round "))
        }
        #expect(working.contains("\u{1b}[1m") == colour)
      }
    }
  }

  @Test("tells round, accuracy, loss, time, bytes and how the accuracy went")
  func live() {
    var progress = ProgressLine(rounds: 20, style: TerminalStyle(width: 100, isTTY: true, hasColour: false))
    _ = progress.finished(rounds[0])
    let text = progress.finished(rounds[1])
    #expect(
      text == "\r\u{1b}[2Kround  2/20  accuracy  46.50%  loss  1.477    636 ms  ↑7.45 MB ↓7.45 MB  ▁█\n")
    #expect(progress.end() == "")
    #expect(
      progress.working(round: 3, done: 5, of: 10)
        == "\r\u{1b}[2Kround  3/20  ████████████              5 of 10 parties")
    #expect(progress.end() == "")
  }

  @Test("is one plain line a round where there is no terminal")
  func plain() {
    var progress = ProgressLine(rounds: 20, style: TerminalStyle(isTTY: false))
    #expect(progress.working(round: 1, done: 1, of: 2) == "")
    #expect(
      progress.finished(rounds[0])
        == "round  1/20  accuracy 35.66%  loss 1.833  train loss 1.216  671 ms  up 7.45 MB  down 7.45 MB\n")
    var bare = rounds[0]
    bare.testAccuracy = nil
    bare.testLoss = nil
    #expect(progress.finished(bare) == "round  1/20  train loss 1.216  671 ms  up 7.45 MB  down 7.45 MB\n")
    #expect(progress.end() == "")
  }

  @Test("overwrites itself in long runs, and is ended at the end")
  func longRuns() {
    for total in [51, nil] {
      var progress = ProgressLine(rounds: total, style: TerminalStyle(width: 80, isTTY: true))
      let text = rounds.map { progress.finished($0) }.joined()
      #expect(!text.contains("\n"))
      #expect(progress.end() == "\n")
      #expect(progress.end() == "")
    }
  }

  @Test("takes numbers that are not finite")
  func notFinite() {
    var progress = ProgressLine(rounds: nil, style: TerminalStyle(width: 80, isTTY: true, hasColour: false))
    for value in [Double.nan, .infinity, -.infinity] {
      let round = RoundRecord(
        round: 1, testAccuracy: value, testLoss: value, trainLoss: value, seconds: value, bytesUp: .max, bytesDown: 0)
      #expect(shown(progress.finished(round)).allSatisfy { TerminalText.width($0) < 80 })
    }
  }
}

@Suite("Tables in the terminal")
struct TextTableTests {
  private let plain = TerminalStyle(width: 80, isTTY: false)

  @Test("are aligned, words to the left and numbers to the right")
  func aligned() {
    var table = TextTable([.left("trained by"), .right("accuracy"), .right("loss")])
    table.add(["party 0 alone", "41.23%", "2.104"])
    table.addRule()
    table.add(["the federation", "96.10%", "0.131"], isStrong: true)
    #expect(
      table.text(style: plain) == """
        trained by      accuracy   loss
        ───────────────────────────────
        party 0 alone     41.23%  2.104
        ───────────────────────────────
        the federation    96.10%  0.131

        """)
    #expect(table.text(style: TerminalStyle(isTTY: true)).contains("\u{1b}[1mthe federation"))
  }

  @Test("fit into 60 columns by cutting words, never numbers", arguments: [20, 40, 60])
  func fits(_ width: Int) {
    var table = TextTable([.left("name"), .left("kind"), .right("n")])
    table.add([String(repeating: "名前", count: 40), String(repeating: "word ", count: 30), "1234567"])
    table.add(["a"])
    table.add(["b", "c", "1", "too many"])
    let lines = table.text(style: TerminalStyle(width: 200, isTTY: false), maximumWidth: width).split(separator: "\n")
    #expect(lines.allSatisfy { TerminalText.width(String($0)) <= width })
    #expect(lines[2].hasSuffix("1234567"))
    #expect(lines[2].contains("…"))
  }

  @Test("show control characters of names as what they are not")
  func control() {
    var table = TextTable([.left("name")])
    table.add(["a\u{1b}[31m\nb\u{9b}"])
    #expect(table.text(style: plain).split(separator: "\n").last == "a\u{fffd}[31m\u{fffd}b\u{fffd}")
  }
}

@Suite("Text in the terminal")
struct TerminalTextTests {
  @Test(
    "has a width in columns",
    arguments: [("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("名前", 4), ("\u{1b}[31mab\u{1b}[0m", 2), ("█▏", 2)])
  func width(_ text: String, _ columns: Int) { #expect(TerminalText.width(text) == columns) }

  @Test(
    "is cut to a width",
    arguments: [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("名前名", 4, "名…"), ("abc", 1, "…"), ("abc", 0, "")])
  func cut(_ text: String, _ columns: Int, _ result: String) { #expect(TerminalText.cut(text, to: columns) == result) }

  @Test(
    "draws bars of one width",
    arguments: [(0, "    "), (0.5, "██  "), (1, "████"), (0.28, "█▏  "), (7, "████"), (-1, "    "), (.nan, "    ")])
  func bar(_ fraction: Double, _ text: String) { #expect(TerminalText.bar(fraction, columns: 4) == text) }

  @Test("draws curves, with a space where a value is missing")
  func sparkline() {
    #expect(TerminalText.sparkline([0, 1, 2, .nan, 7]) == "▁▂▃ █")
    #expect(TerminalText.sparkline([3, 3]) == "▅▅")
    #expect(TerminalText.sparkline([.nan]) == " ")
    #expect(TerminalText.sparkline([Double]()) == "")
  }

  @Test("has no colours where NO_COLOR is set or nothing is a terminal")
  func colours() {
    #expect(TerminalStyle(isTTY: true).paint("a", .bold) == "\u{1b}[1ma\u{1b}[0m")
    #expect(TerminalStyle(isTTY: true, hasColour: false).paint("a", .bold) == "a")
    let none = TerminalStyle.current(descriptor: -1, environment: ["COLUMNS": "132"])
    #expect(none == TerminalStyle(width: 132, isTTY: false, hasColour: false))
    #expect(TerminalStyle.current(descriptor: -1, environment: ["COLUMNS": "x"]).width == 80)
  }
}

@Suite("A partition in the terminal")
struct PartitionTableTests {
  private let plain = TerminalStyle(width: 60, isTTY: false)

  @Test("has a block for each label, as high as its count")
  func blocks() {
    let partition = RunRecord.Partition(
      parties: [
        .init(name: "north", samples: 1008, labelHistogram: [1000, 8, 0]),
        .init(name: "south", samples: 500, labelHistogram: [0, 0, 500]),
      ], classNames: ["a", "b", "c"])
    #expect(
      PartitionTable(partition).text(style: plain) == """
        party  samples  a b c
        north    1,008  █ ▁ ·
        south      500  · · ▅
        2 parties, 1,508 samples
        a party: least 500, median 1,008, most 1,008
        labels a party: 1.5 of 3 on average

        """)
  }

  @Test("fits into 60 columns whatever the parties and labels", arguments: [1, 10, 40, 1000])
  func fits(_ classes: Int) {
    let names = ["a", String(repeating: "very ", count: 20), "名前"]
    let partition = RunRecord.Partition(
      parties: (0..<200).map {
        .init(name: names[$0 % 3], samples: $0 * 1_000_000, labelHistogram: (0..<classes).map { $0 % 5 })
      }, classNames: (0..<classes).map { "class \($0)" })
    let lines = PartitionTable(partition).text(style: plain).split(separator: "\n")
    #expect(lines.allSatisfy { TerminalText.width(String($0)) <= 60 })
    #expect(lines.contains("… and 160 more"))
  }

  @Test("has the samples alone where targets are no classes")
  func regression() {
    let partition = RunRecord.Partition(parties: [.init(name: "a", samples: 3)])
    #expect(PartitionTable(partition).text(style: plain) == "party  samples\na            3\n1 party, 3 samples\n")
    #expect(PartitionTable(.init(parties: [])).text(style: plain) == "party  samples\nno parties\n")
  }
}
