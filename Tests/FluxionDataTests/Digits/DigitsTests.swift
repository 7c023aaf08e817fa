import FluxionCalculus
import FluxionData
import Testing

/// The expected numbers are printed by `Sources/FluxionData/Digits/make_digits.py` (scikit-learn 1.9.1, numpy 2.4.6).
@Suite("The bundled digits")
struct DigitsTests {
  @Test("are 1,797 images of 8×8 in ten classes")
  func shape() throws {
    let digits = try Dataset.digits()
    #expect(digits.count == 1797)
    #expect(digits.exampleShape == [8, 8, 1])
    #expect(digits.all.labelHistogram() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
  }

  @Test("have the pixels of scikit-learn's copy, seen as 0…1")
  func pixels() throws {
    let digits = try Dataset.digits()
    let pixels = digits.all.features().map { $0 * 16 }
    #expect(pixels.allSatisfy { $0 >= 0 && $0 <= 16 && $0 == $0.rounded() })
    #expect(pixels.reduce(0, { $0 + Int($1) }) == 561_718)
    #expect(pixels.prefix(16) == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
    #expect(pixels.prefix(64).reduce(0, +) == 294)
    #expect(pixels.suffix(64).reduce(0, +) == 392)
    var classSums = [Int](repeating: 0, count: 10)
    for (example, label) in digits.all.labels.enumerated() {
      classSums[Int(label)] += pixels[example * 64..<example * 64 + 64].reduce(0) { $0 + Int($1) }
    }
    #expect(classSums == [56415, 57007, 55566, 56151, 56239, 55915, 56336, 54289, 57408, 56392])
  }
}
