import FluxionCalculus
import Testing

@Suite("The nearest name")
struct NearestNameTests {
  @Test(
    "is the one with the fewest edits, if they are few",
    arguments: [
      ("lable", "label"), ("LABEL", "label"), ("ag", "age"), ("targt", "target"), ("zzzzz", nil), ("", nil),
      ("x", nil), ("tagret", "target"), ("label", "label"), ("la", "label"), ("tar", "target"), ("labels", "label"),
      ("labelled", nil),
    ] as [(String, String?)])
  func picks(_ name: String, _ expected: String?) {
    #expect(nearest(name, among: ["age", "label", "target", ""]) == expected)
  }

  @Test("is none among none, and does not take long for long names")
  func edges() {
    #expect(nearest("a", among: []) == nil)
    let long = String(repeating: "a", count: 1_000_000)
    #expect(nearest(long, among: [long]) != nil)
  }
}
