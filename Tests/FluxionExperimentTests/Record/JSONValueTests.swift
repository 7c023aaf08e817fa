import FluxionExperiment
import Foundation
import Testing

@Suite("A JSON value")
struct JSONValueTests {
  static let values: [JSONValue] = [
    nil, true, false, 0, -7, 0.1, 1e-300, -2.5e17, "", "a \"quoted\" \\ line\n\t\u{1}\u{2028} é \u{1F600}", [], [:],
    [1, [2.5, ["three": nil]]], ["b": 1, "a": [true, "x"]], .integer(Int128(UInt64.max)), .integer(Int128(Int.min)),
  ]

  @Test("is read back from its text", arguments: values)
  func roundTrip(_ value: JSONValue) throws {
    #expect(try JSONDecoder().decode(JSONValue.self, from: Data(value.text().utf8)) == value)
    #expect(try JSONDecoder().decode(JSONValue.self, from: Data(value.line.utf8)) == value)
    #expect(try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value)) == value)
  }

  @Test("keeps the order of an object's members in its text")
  func order() {
    let value: JSONValue = ["z": 1, "a": 2, "m": ["y": 3, "b": 4]]
    #expect(value.line == #"{"z": 1, "a": 2, "m": {"y": 3, "b": 4}}"#)
    #expect(value["m"]?["b"] == 4)
    #expect(value["q"] == nil)
  }

  @Test("has null for numbers that JSON does not have")
  func notFinite() {
    #expect(JSONValue(Double.nan) == .null)
    #expect(JSONValue(nil as Double?) == .null)
    #expect(JSONValue.array([.number(.infinity), .number(-.infinity), .number(.nan)]).line == "[null, null, null]")
  }

  @Test("stands on one line where it fits, else with a line a member")
  func layout() {
    let short: JSONValue = ["numbers": [1, 2, 3]]
    #expect(short.text() == #"{"numbers": [1, 2, 3]}"#)
    let long: JSONValue = ["name": .string(String(repeating: "x", count: 100)), "numbers": [1, 2, 3]]
    #expect(
      long.text(depth: 1)
        == "{\n    \"name\": \"\(String(repeating: "x", count: 100))\",\n    \"numbers\": [1, 2, 3]\n  }")
  }

  @Test("tells values apart")
  func equality() {
    #expect(JSONValue.number(3) == 3)
    #expect(JSONValue.string("3") != 3)
    #expect(["a": 1, "b": 2] as JSONValue == ["b": 2, "a": 1])
    #expect(["a": 1] as JSONValue != ["a": 2])
    #expect([1, 2] as JSONValue != [2, 1])
    #expect(false as JSONValue != 0)
  }
}
