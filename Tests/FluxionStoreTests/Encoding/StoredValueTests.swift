import FluxionCalculus
import Foundation
import Testing

@testable import FluxionStore

@Suite("The binary form of what is stored")
struct StoredValueTests {
  enum Choice: String, Codable { case one, two }

  class Base: Codable {
    var name = "base"
  }

  struct Everything: Codable, Equatable {
    struct Pair: Codable, Equatable {
      var a: Int8
      var b: UInt64?
    }

    indirect enum Tree: Codable, Equatable {
      case leaf(Float)
      case node(Tree, Tree)
    }

    var flag = true
    var small = Int16.min
    var large = UInt64.max
    var negative = Int64.min
    var third = 1.0 / 3
    var single: Float = -0.0
    var text = "Überraschung \u{1F600}"
    var none: Int?
    var floats: [Float] = [1, .pi, -.infinity, .leastNonzeroMagnitude]
    var nested: [[Float]] = [[], [2]]
    var optional: [[Float]?] = [nil, [3]]
    var doubles = [0.1, 2]
    var byNumber: [Int: [Double]] = [-1: [0.5], 12: []]
    var byName = ["z": Pair(a: -128, b: nil), "a": Pair(a: 127, b: 7)]
    var set: Set<Int> = [3]
    var choice = Choice.two
    var tree = Tree.node(.leaf(1), .node(.leaf(2), .leaf(3)))
    var date = Date(timeIntervalSinceReferenceDate: 1e9 / 7)
    var data = Data([0, 255])
    var none2: [Int] = []
  }

  private func roundTrip<T: Codable>(_ value: T) throws -> T {
    var bytes: [UInt8] = []
    try StoredValue(encoding: value).write(to: &bytes)
    return try bytes.withUnsafeBytes { try StoredValue(decoding: $0) }.decoded()
  }

  @Test("gives back any value that Codable can describe")
  func values() throws {
    #expect(try roundTrip(Everything()) == Everything())
    #expect(try roundTrip([Float]()) == [])
    #expect(try roundTrip("alone") == "alone")
    #expect(try roundTrip(Base()).name == "base")
  }

  @Test("keeps the bits of floats, those of NaN too")
  func bits() throws {
    let patterns: [UInt32] = [0x7fc0_0001, 0xffc1_2345, 0x8000_0000, 1, 0x7f80_0000, 0x7f7f_ffff]
    let floats = patterns.map(Float.init(bitPattern:))
    #expect(try roundTrip(floats).map(\.bitPattern) == patterns)
    #expect(try roundTrip(["one by one": floats[0]])["one by one"]?.bitPattern == patterns[0])
    let double = Double(bitPattern: 0x7ff8_0000_dead_beef)
    #expect(try roundTrip([double])[0].bitPattern == double.bitPattern)
  }

  @Test("is the same for the same value, whatever the order of dictionaries")
  func deterministic() throws {
    func bytes(_ value: [String: Int]) throws -> [UInt8] {
      var bytes: [UInt8] = []
      try StoredValue(encoding: value).write(to: &bytes)
      return bytes
    }
    let names = (0..<100).map { "name \($0)" }
    let one = try bytes(Dictionary(uniqueKeysWithValues: names.map { ($0, $0.count) }))
    #expect(try bytes(Dictionary(uniqueKeysWithValues: names.reversed().map { ($0, $0.count) })) == one)
  }

  @Test("refuses bytes that are no value, cut off or changed anywhere, without trapping")
  func damage() throws {
    var bytes: [UInt8] = []
    try StoredValue(encoding: Everything()).write(to: &bytes)
    for count in 0..<bytes.count {
      #expect(throws: FluxionError.self) {
        try bytes[..<count].withUnsafeBytes { try StoredValue(decoding: $0) }
      }
    }
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << bit
        // Some changes make another value; what matters is that nothing traps.
        let value = try? changed.withUnsafeBytes { try StoredValue(decoding: $0) }
        _ = try? value?.decoded(as: Everything.self)
      }
    }
    let deep = [UInt8](repeating: 9, count: 1) + [1, 0, 0, 0, 0, 0, 0, 0]
    let nested = Array((0..<100_000).map { _ in deep }.joined())
    #expect(throws: FluxionError.self) { try nested.withUnsafeBytes { try StoredValue(decoding: $0) } }
  }

  @Test("refuses a value of another type")
  func mismatch() throws {
    let value = try StoredValue(encoding: ["a": 300])
    #expect(throws: DecodingError.self) { try value.decoded(as: [String: UInt8].self) }
    #expect(throws: DecodingError.self) { try value.decoded(as: [Float].self) }
    #expect(throws: DecodingError.self) { try value.decoded(as: Everything.self) }
    #expect(throws: DecodingError.self) { try StoredValue.list([.null]).decoded(as: [Int].self) }
  }
}
