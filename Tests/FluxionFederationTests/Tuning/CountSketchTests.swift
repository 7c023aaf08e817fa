import FluxionCalculus
import Testing

@testable import FluxionFederation

@Suite("A count sketch")
struct CountSketchTests {
  private func vector(_ count: Int, _ index: Int) -> [Float] {
    var generator = RandomKey(seed: 6).folding("vector", index).generator()
    return (0..<count).map { _ in generator.nextUniform() }
  }

  private func product(_ x: [Float], _ y: [Float]) -> Double {
    zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test("keeps inner products on average, with the deviation that its length allows")
  func products() {
    // Of positive elements, whose collisions cancel by the drawn signs alone.
    let count = 19_200
    let x = vector(count, 1)
    let y = zip(x, vector(count, 2)).map { $0 / 2 + $1 }
    let (exact, scale) = (product(x, y), (product(x, x) * product(y, y)).squareRoot())
    var (sum, squares) = (0.0, 0.0)
    let keys = 200
    for index in 0..<keys {
      let told = CountSketch(of: count, key: RandomKey(seed: 1).folding("sketch", index))([x, y])
      let error = product(told[0], told[1]) - exact
      sum += error
      squares += error * error
    }
    let deviation = scale * (2.0 / 300).squareRoot()
    #expect((squares / Double(keys)).squareRoot() < deviation)
    #expect(abs(sum / Double(keys)) < 3 * deviation / Double(keys).squareRoot())
  }

  @Test("of a sum is the sum of sketches")
  func linear() {
    let (x, y) = ((0..<3000).map { Float($0 % 17) }, (0..<3000).map { Float($0 % 5) - 2 })
    let told = CountSketch(of: 3000, key: RandomKey(seed: 2))([x, y, zip(x, y).map { $0 + $1 }])
    #expect(told[2] == zip(told[0], told[1]).map { $0 + $1 })
    #expect(told[0].filter { $0 != 0 }.count > 200)
    #expect(told[0] != CountSketch(of: 3000, key: RandomKey(seed: 3))([x])[0])
  }

  @Test("has a 64th of the elements, within bounds", arguments: [(10, 256), (64_000, 1000), (10_000_000, 4096)])
  func length(elements: Int, cells: Int) {
    #expect(CountSketch(of: elements, key: RandomKey(seed: 0)).count == cells)
  }
}
