import FluxionCalculus
import Testing

@testable import FluxionData

@Suite("Decimal numbers in tables")
struct DecimalNumberTests {
  func parse(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBufferPointer { DecimalNumber.parse($0) }
  }

  @Test("are read to the same bits as the standard library reads them")
  func agrees() {
    var draws = RandomKey(seed: 21).generator()
    for _ in 0..<20_000 {
      let number = Double(bitPattern: draws.next())
      let short = Double(Int(draws.next() % 2_000_001) - 1_000_000) / 1000
      for text in ["\(number)", "\(short)", "\(Float(short))"] where Double(text)?.isFinite == true {
        #expect(parse(text) == Double(text), "\(text)")
      }
    }
    for text in [
      "0", "-0", "00012", "9007199254740993", "123456789012345678901234567890", "1e22", "1e23", "1e-22",
      "1e-400", "4.9e-324", "0.000000000000000000000000000001", "1E5", "1e+5", "0e999999999999999999999",
    ] {
      #expect(parse(text) == Double(text), "\(text)")
    }
  }

  @Test(
    "are nothing else",
    arguments: [
      "", "-", "+", ".", "e5", "1e", "1e+", "1e5.0", "1,5", "0x1p3", "inf", "nan", "1_000", "--1", "1 2", "1e400",
    ])
  func refuses(_ text: String) { #expect(parse(text) == nil) }
}
