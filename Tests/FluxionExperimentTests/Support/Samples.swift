import Foundation
import FluxionCalculus
import FluxionCoordination
import FluxionExperiment
import FluxionFederation

/// Runs as they could have been, the same ones each time.
enum Samples {
  /// Ten parties with few labels each, twenty rounds, baselines: what the demo leaves.
  static func demo() -> RunRecord {
    var record = digits(parties: 10, rounds: 20)
    record.baselines = .init(
      alone: record.partition?.parties.enumerated().map { index, party in
        let accuracy = 0.29 + 0.31 * noise("alone", index)
        return .init(party: party.name, accuracy: accuracy, loss: 6.1 - 4 * accuracy)
      } ?? [],
      pooled: .init(accuracy: 0.9778, loss: 0.0788),
      federation: .init(accuracy: record.rounds.last?.testAccuracy, loss: record.rounds.last?.testLoss))
    return record
  }

  /// The demo with an analysis of every fourth round: party 3 disagrees with the rest.
  static func analyzed(parties: Int = 10, rounds: Int = 20) -> RunRecord {
    var record = digits(parties: parties, rounds: rounds)
    for index in stride(from: 0, to: rounds, by: 4) {
      record.rounds[index].analysis = analysis(round: index, parties: min(parties, 100), of: parties)
      record.rounds[index].analysisSeconds = 0.31
    }
    return record
  }

  private static func analysis(round: Int, parties: Int, of cohort: Int) -> RoundAnalysis {
    let vectors = (0..<parties).map { party in
      (0..<30).map { entry in
        Float((party == 3 ? -0.4 : 1) + noise("vector", round * 10_000 + party * 30 + entry) - 0.5)
      }
    }
    let gram = GramMatrix(vectors)
    let agreement = Agreement(gram)
    let entries = (0..<parties).map { party in
      var entry = PartyAnalysis(party: party, samples: 100)
      entry.loss = 2 / Double(round + 1)
      entry.gradientNorm = gram.norm(party)
      entry.updateNorm = gram.norm(party) / 2
      entry.drift = gram.norm(party) / 4
      entry.noise = GradientNoiseScale(
        GradientSample(samples: 100, chunks: 10, meanSquaredChunkNorm: gram[party, party] + 9),
        squaredNorm: gram[party, party])
      entry.gradientCosine = agreement.meanCosine(of: party)
      entry.updateCosine = agreement.meanCosine(of: party)
      return entry
    }
    let share = 1 / Double(parties)
    return RoundAnalysis(
      cohort: cohort, parties: entries, gradients: agreement, updates: cohort > 100 ? nil : agreement,
      noise: GradientNoiseScale(
        pooling: entries.map { (share, $0.samples, $0.noise) }, squaredNorm: gram[0, 0]),
      hessian: HessianAnalysis(
        samples: 512, eigenvalue: .init(value: 4 + 10 / Double(round + 1), error: 0.02, steps: 9),
        trace: .init(value: 90, standardError: 3)))
  }

  /// Any number of parties and rounds.
  static func digits(parties: Int, rounds: Int) -> RunRecord {
    let histograms = (0..<parties).map { party -> [Int] in
      let size = 1437 / Double(parties) * (parties > 20 ? 12 : 1)
      return (0..<10).map { label in
        let draw = noise("labels", party * 10 + label)
        return draw > 0.62 ? Int(size * (draw - 0.55)) : draw > 0.4 ? Int(size * 0.02) : 0
      }
    }
    let people = histograms.enumerated().map { index, histogram in
      RunRecord.Partition.Party(
        name: "party \(index)", samples: histogram.reduce(0, +), labelHistogram: histogram)
    }
    let configuration: JSONValue = [
      "data": ["source": "digits", "testFraction": 0.2], "parties": JSONValue(parties), "partition": "dirichlet:0.3",
      "model": "cnn", "algorithm": "fedavg", "weighting": "samples", "rounds": JSONValue(rounds), "cohort": 1.0,
      "local": ["optimizer": "sgd", "learningRate": 0.05, "schedule": "constant", "epochs": 5, "batchSize": 16],
      "seed": 7, "threads": 2, "evaluateEvery": 1,
    ]
    var record = RunRecord(
      environment: .init(fluxionVersion: "0.1.0", swiftVersion: "6.3", platform: "Linux, x86-64"), seed: 7,
      command: "fluxion simulate --data digits --parties \(parties) --partition dirichlet:0.3 --model cnn "
        + "--rounds \(rounds) --epochs 5 --batch-size 16 --learning-rate 0.05 --seed 7",
      configuration: configuration, parameters: 186_122,
      partition: .init(parties: people, classNames: (0..<10).map(String.init), testSamples: 360))
    record.rounds = (1...max(1, rounds)).prefix(rounds).map { round(number: $0, of: people, rounds: rounds) }
    record.modelSHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    record.stop = .init(.rounds)
    record.timing = .init(startedAt: "2026-11-21T08:00:00Z", totalSeconds: 41.7)
    return record
  }

  private static func round(number: Int, of people: [RunRecord.Partition.Party], rounds: Int) -> RoundRecord {
    let cohort =
      people.count > 100 ? people.indices.filter { noise("cohort", number * 10_000 + $0) < 0.1 } : Array(people.indices)
    let progress = 1 - exp(-5 * Double(number) / Double(rounds))
    let loss = 2.2 * (1 - progress) + 0.09 + 0.12 * noise("loss", number) * (1 - progress)
    let accuracy = min(0.9722, 0.16 + 0.81 * progress + 0.05 * (noise("accuracy", number) - 0.5) * (1 - progress))
    return RoundRecord(
      round: number, testAccuracy: accuracy, testLoss: loss, testMetrics: ["accuracy": accuracy],
      trainLoss: 1.5 * (1 - progress) + 0.03 + 0.05 * noise("train", number) * (1 - progress),
      seconds: 0.62 + 0.07 * noise("seconds", number), evaluationSeconds: 0.021 + 0.003 * noise("evaluation", number),
      bytesUp: cohort.count * (4 * 186_122 + 96), bytesDown: cohort.count * (4 * 186_122 + 160),
      parties: cohort.map { index in
        PartyRecord(
          party: index, name: people[index].name, samples: people[index].samples,
          steps: 5 * ((people[index].samples + 15) / 16),
          trainLoss: (0.03 + 1.4 * (1 - progress)) * (0.6 + 0.8 * noise("party loss", index)),
          seconds: 0.0004 * Double(people[index].samples))
      })
  }

  /// Between 0 and 1, the same for the same words.
  static func noise(_ label: StaticString, _ index: Int) -> Double {
    var generator = RandomKey(seed: 1).folding(label, index).generator()
    return generator.nextUniformDouble()
  }
}
