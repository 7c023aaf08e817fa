@testable import FluxionDashboard
import FluxionCoordination
import Testing

@Suite("Metrics")
struct MetricsTests {
  @Test("a family has its help, its type and a line a sample; one without samples is left out")
  func families() {
    var text = PrometheusText()
    text.family("up_total", .counter, "Two\nlines \\ here.") { family in
      family.sample(3)
      family.sample(0.5, ["who": "a \"b\" \\ c\nd", "kind": ""])
    }
    text.family("nothing", .gauge, "Never.") { $0.sample(nil) }
    #expect(
      text.text == """
        # HELP up_total Two\\nlines \\\\ here.
        # TYPE up_total counter
        up_total 3
        up_total{who="a \\"b\\" \\\\ c\\nd",kind=""} 0.5

        """)
  }

  @Test("numbers are written as Prometheus reads them")
  func numbers() {
    #expect(
      [0, -2, 1.5, 1e300, .infinity, -.infinity, .nan].map(PrometheusText.number)
        == ["0", "-2", "1.5", "1e+300", "+Inf", "-Inf", "NaN"])
  }

  @Test("a run's metrics are those of its status")
  func run() {
    let board = Facts.board(parties: ["a", "b \"c\"", "d"])
    board.post(.quarantined(party: 2, reason: "too many"))
    board.post(.connected(party: 0, name: "a", samples: 12))
    board.post(.received(party: 0, bytes: 640))
    board.post(.roundStarted(round: 1, cohort: 2))
    board.post(Facts.accepted(0, in: 1, samples: 12))
    board.post(Facts.refused(1, in: 1))
    board.post(Facts.recorded(1, accuracy: 0.75))
    board.post(.roundStarted(round: 2, cohort: 2))
    let lines = Set(FederationMetrics(board.status).text().split(separator: "\n").map(String.init))
    for line in [
      "fluxion_run_info{run=\"quiet-run\",algorithm=\"\"} 1", "fluxion_run_phase{phase=\"training\"} 1",
      "fluxion_run_phase{phase=\"waiting\"} 0", "fluxion_rounds_planned 4", "fluxion_round 2",
      "fluxion_round_duration_seconds_sum 2", "fluxion_round_duration_seconds_count 1",
      "fluxion_round_updates_awaited 2", "fluxion_test_accuracy_ratio 0.75", "fluxion_parties 3",
      "fluxion_parties_quarantined 1",
      "fluxion_parties_connected 1", "fluxion_party_connected{party=\"a\"} 1",
      "fluxion_party_connected{party=\"b \\\"c\\\"\"} 0", "fluxion_party_samples{party=\"a\"} 12",
      "fluxion_party_received_bytes_total{party=\"a\"} 640", "fluxion_party_rounds_total{party=\"a\"} 1",
      "fluxion_party_refused_updates_total{party=\"b \\\"c\\\"\",kind=\"diverged\"} 1",
      "fluxion_party_last_seen_timestamp_seconds{party=\"a\"} 1800000000",
    ] { #expect(lines.contains(line), "\(line)") }
  }

  @Test("names are those that Prometheus asks for: its alphabet, base units, and _total for what only grows")
  func names() {
    let board = Facts.board()
    board.post(Facts.refused(0, in: 1))
    board.post(Facts.recorded(1))
    for line in FederationMetrics(board.status).text().split(separator: "\n") where line.hasPrefix("# TYPE") {
      let words = line.split(separator: " ").map(String.init)
      #expect(words[2].wholeMatch(of: /fluxion_[a-z_]+/) != nil && !words[2].contains("__"))
      #expect(words[2].hasSuffix("_total") == (words[3] == "counter"), "\(words[2])")
      #expect(!words[2].contains("millis") && !words[2].contains("percent"))
    }
  }
}
