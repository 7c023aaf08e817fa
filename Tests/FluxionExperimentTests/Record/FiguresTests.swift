import FluxionExperiment
import Testing

@Suite("Figures as people read them")
struct FiguresTests {
  @Test(
    "count with commas",
    arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_663_370, "1,663,370"), (-12345, "−12,345")])
  func counts(_ value: Int, _ text: String) { #expect(Figures.count(value) == text) }

  @Test("are percent", arguments: [(0.8765, "87.65%"), (1, "100.00%"), (0, "0.00%"), (-0.0, "0.00%"), (.nan, "–")])
  func percents(_ value: Double, _ text: String) { #expect(Figures.percent(value) == text) }

  @Test(
    "are losses of four digits",
    arguments: [
      (0.43117, "0.4312"), (2.30258, "2.303"), (12.345, "12.35"), (123.45, "123.5"), (1234.5, "1,235"), (0, "0.0000"),
      (0.00001234, "1.234e-5"), (1e12, "1.000e12"), (.nan, "NaN"), (.infinity, "∞"), (-0.5, "-0.5000"),
    ])
  func losses(_ value: Double, _ text: String) { #expect(Figures.loss(value) == text) }

  @Test(
    "are bytes with decimal prefixes",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (13_306_960, "13.3 MB"), (999_600, "1.00 MB"), (999_400, "999 kB"),
      (7_445_840, "7.45 MB"), (Int.max, "9223 PB"),
    ])
  func bytes(_ value: Int, _ text: String) { #expect(Figures.bytes(value) == text) }

  @Test(
    "are times",
    arguments: [
      (0.0000123, "12.3 µs"), (0.0123, "12.3 ms"), (0.9996, "1.00 s"), (1.234, "1.23 s"), (59.96, "1 min 0 s"),
      (125, "2 min 5 s"), (3599.6, "1 h 0 min"), (7300, "2 h 2 min"), (.nan, "–"), (.infinity, "–"), (-1, "–"),
    ])
  func seconds(_ value: Double, _ text: String) { #expect(Figures.seconds(value) == text) }
}
