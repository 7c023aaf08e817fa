import FluxionCalculus
import FluxionData
import Testing

@Suite("The synthetic linear regression")
struct SyntheticLinearTests {
  @Test("is exactly the line where there is no noise")
  func exact() throws {
    let sample = try SyntheticLinear(samples: 50, features: 3, noise: 0, seed: 2).generate()
    let (x, y) = (sample.dataset.all.features(), sample.dataset.all.values())
    for row in 0..<50 {
      let line = (0..<3).reduce(Double(sample.bias)) { $0 + Double(x[row * 3 + $1]) * Double(sample.weights[$1]) }
      #expect(abs(Double(y[row]) - line) < 1e-6 * max(1, abs(line)))
    }
  }

  @Test("has noise of the asked deviation")
  func noise() throws {
    let sample = try SyntheticLinear(samples: 20_000, features: 2, noise: 0.5, seed: 2).generate()
    let (x, y) = (sample.dataset.all.features(), sample.dataset.all.values())
    var (sum, squares) = (0.0, 0.0)
    for row in 0..<20_000 {
      let line = (0..<2).reduce(sample.bias) { $0 + x[row * 2 + $1] * sample.weights[$1] }
      sum += Double(y[row] - line)
      squares += Double((y[row] - line) * (y[row] - line))
    }
    #expect(abs(sum / 20_000) < 5 * 0.5 / 141)
    #expect(abs((squares / 20_000).squareRoot() - 0.5) < 0.01)
  }

  @Test("lays samples out party by party and shifts each party's features")
  func parties() throws {
    func spread(_ shift: Double) throws -> Float {
      let data = try SyntheticLinear(samples: 1003, features: 1, parties: 10, partyShift: shift, seed: 3).generate()
        .dataset
      let partition = try data.partitioned(.column("party"))
      #expect(partition.sizes == [101, 101, 101] + [Int](repeating: 100, count: 7))
      #expect(partition.names == (0..<10).map(String.init))
      #expect(partition.pooled.indices.elementsEqual(0..<1003))
      let means = partition.map { $0.features().reduce(0, +) / Float($0.count) }
      return (means.max() ?? 0) - (means.min() ?? 0)
    }
    #expect(try spread(0) < 0.7)
    #expect(try spread(5) > 5)
  }

  @Test("is a function of the seed")
  func followsSeed() throws {
    let samples = try [1, 1, 2].map { try SyntheticLinear(samples: 20, parties: 4, partyShift: 1, seed: $0).generate() }
    #expect(samples[0].weights == samples[1].weights)
    #expect(samples[0].dataset.all.features() == samples[1].dataset.all.features())
    #expect(samples[0].dataset.all.values() == samples[1].dataset.all.values())
    #expect(samples[0].weights != samples[2].weights)
  }

  @Test(
    "refuses what cannot be drawn",
    arguments: [
      SyntheticLinear(samples: 5, parties: 6), SyntheticLinear(samples: 0), SyntheticLinear(samples: -1, parties: -2),
      SyntheticLinear(features: 0), SyntheticLinear(samples: .max, features: .max), SyntheticLinear(parties: 0),
      SyntheticLinear(noise: -1), SyntheticLinear(noise: .nan), SyntheticLinear(partyShift: .infinity),
      SyntheticLinear(samples: 1 << 33, features: 1),
    ])
  func refusals(_ configuration: SyntheticLinear) {
    #expect(fluxionError { try configuration.generate() }?.code == .invalidArgument)
  }
}
