import Foundation
import Testing

@testable import FluxionIdentity

@Suite("Hashes")
struct HashTests {
  @Test("a hash is of the whole secret and of no other")
  func aHashIsOfTheWholeSecretAndOfNoOther() {
    let secret = [UInt8](0..<16)
    let hash = Hash(of: secret)
    #expect(hash.isHash(of: secret))
    for bit in 0..<128 {
      var other = secret
      other[bit / 8] ^= 1 << (bit % 8)
      #expect(!hash.isHash(of: other))
    }
    #expect(!hash.isHash(of: []))
    #expect(!hash.isHash(of: secret + [0]))
    #expect(!hash.isHash(of: Array(secret.dropLast())))
  }

  @Test("every digit of a hash counts")
  func everyDigitOfAHashCounts() throws {
    let text = Array(try JSONEncoder().encode(Hash(of: [1, 2, 3])))
    for index in text.indices.dropFirst().dropLast() {
      var other = text
      other[index] = other[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
      #expect(try !JSONDecoder().decode(Hash.self, from: Data(other)).isHash(of: [1, 2, 3]))
    }
  }

  /// FIPS 180-2, appendix B.1.
  @Test("a hash is written as its SHA-256 in hexadecimal")
  func aHashIsWrittenAsItsSHA256InHexadecimal() throws {
    let hash = Hash(of: Array("abc".utf8))
    let text = "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
    #expect(String(decoding: try JSONEncoder().encode(hash), as: UTF8.self) == text)
    #expect(try JSONDecoder().decode(Hash.self, from: Data(text.utf8)) == hash)
  }

  @Test(
    "what is no SHA-256 is not read", arguments: ["\"\"", "\"ba78\"", "\"\(String(repeating: "g", count: 64))\"", "7"])
  func whatIsNoSHA256IsNotRead(_ text: String) {
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Hash.self, from: Data(text.utf8)) }
  }
}
