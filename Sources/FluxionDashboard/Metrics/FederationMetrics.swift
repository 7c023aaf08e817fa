import Foundation

/// A run's status as metrics for Prometheus; `docs/dashboard.md` lists them.
struct FederationMetrics {
  let status: FederationStatus

  init(_ status: FederationStatus) { self.status = status }

  func text() -> String {
    var text = PrometheusText()
    run(into: &text)
    rounds(into: &text)
    parties(into: &text)
    return text.text
  }

  private func run(into text: inout PrometheusText) {
    text.family("fluxion_run_info", .gauge, "The run that is served.") {
      $0.sample(1, ["run": status.run.name, "algorithm": status.run.algorithm ?? ""])
    }
    text.family("fluxion_run_phase", .gauge, "1 for the phase that the run is in.") { family in
      for phase in FederationStatus.Phase.allCases {
        family.sample(phase == status.state.phase ? 1 : 0, ["phase": phase.rawValue])
      }
    }
    text.family("fluxion_model_parameters", .gauge, "Parameters of the model.") { $0.sample(status.run.parameters) }
  }

  private func rounds(into text: inout PrometheusText) {
    text.family("fluxion_rounds_planned", .gauge, "Rounds that the run may take.") { $0.sample(status.run.rounds) }
    text.family("fluxion_round", .gauge, "The round in progress or, else, the last.") { $0.sample(status.state.round) }
    text.family("fluxion_round_duration_seconds", .summary, "Parties' work and aggregation of recorded rounds.") {
      $0.sample(status.totals.seconds, suffix: "_sum")
      $0.sample(status.totals.rounds, suffix: "_count")
    }
    text.family("fluxion_round_updates_awaited", .gauge, "Updates that the round in progress waits for.") {
      $0.sample(status.state.phase == .training ? status.state.awaitedCount : 0)
    }
    text.family("fluxion_test_accuracy_ratio", .gauge, "Accuracy of the global model on the test set, 0 to 1.") {
      $0.sample(status.latest(\.accuracy))
    }
    text.family("fluxion_test_loss", .gauge, "Mean loss of the global model on the test set.") {
      $0.sample(status.latest(\.loss))
    }
    text.family("fluxion_train_loss", .gauge, "Mean loss of the batches of the last recorded round.") {
      $0.sample(status.latest(\.trainLoss))
    }
  }

  private func parties(into text: inout PrometheusText) {
    text.family("fluxion_parties", .gauge, "Parties of the federation.") { $0.sample(status.parties.count) }
    text.family("fluxion_parties_connected", .gauge, "Parties that have a connection.") {
      $0.sample(status.parties.count(where: \.isConnected))
    }
    text.family("fluxion_parties_quarantined", .gauge, "Parties from whom nothing is taken.") {
      $0.sample(status.parties.count { $0.quarantine != nil })
    }
    each(&text, "fluxion_party_connected", .gauge, "1 if the party has a connection.") { $0.isConnected ? 1 : 0 }
    each(&text, "fluxion_party_samples", .gauge, "Samples that the party says it holds.") {
      $0.samples.map { Double($0) }
    }
    each(&text, "fluxion_party_last_seen_timestamp_seconds", .gauge, "When something last came from the party.") {
      $0.lastSeen.map { $0.timeIntervalSince1970.rounded() }
    }
    each(&text, "fluxion_party_rounds_total", .counter, "Recorded rounds that the party's update counts in.") {
      Double($0.rounds)
    }
    each(&text, "fluxion_party_received_bytes_total", .counter, "Bytes that came from the party.") {
      Double($0.bytesUp)
    }
    each(&text, "fluxion_party_sent_bytes_total", .counter, "Bytes that went to the party.") { Double($0.bytesDown) }
    text.family("fluxion_party_refused_updates_total", .counter, "Reports of the party that were refused.") { family in
      for party in status.parties {
        for (kind, count) in party.refusals.sorted(by: { $0.key < $1.key }) {
          family.sample(count, ["party": party.name, "kind": kind])
        }
      }
    }
  }

  private func each(
    _ text: inout PrometheusText, _ name: String, _ kind: PrometheusText.Kind, _ help: String,
    _ value: (FederationStatus.Party) -> Double?
  ) {
    text.family(name, kind, help) { family in
      for party in status.parties { family.sample(value(party), ["party": party.name]) }
    }
  }
}
