import FluxionCalculus
import Testing

@testable import FluxionIdentity

@Suite("Join tokens")
struct JoinTokenTests {
  private let token = JoinToken(authority: Fingerprint(of: [1, 2, 3]))

  @Test("a token is read back from its text")
  func aTokenIsReadBackFromItsText() throws {
    let read = try JoinToken(token.text)
    #expect(read.secret == token.secret)
    #expect(read.authority == token.authority)
    #expect(token.text.hasPrefix("fx1-"))
    #expect(token.text.utf8.count == 3 + 7 * 9)
  }

  @Test("a token is read in either case without hyphens and with letters that look like digits")
  func aTokenIsReadInEitherCaseWithoutHyphensAndWithLettersThatLookLikeDigits() throws {
    let plain = token.text.dropFirst(4).replacing("-", with: "")
    let misread = plain.replacing("0", with: "o").replacing("1", with: "l").lowercased()
    #expect(try JoinToken(" FX1 \(misread)\n").secret == token.secret)
  }

  /// The text of a token is part of the protocol, since clients of another release read it. From Python's hashlib.
  @Test("the text of a token is fixed")
  func theTextOfATokenIsFixed() throws {
    let token = JoinToken(secret: Array(0..<16), authority: Fingerprint(bytes: Array(16..<32)))
    #expect(token.text == "fx1-000G40R4-0M30E209-185GR38E-1W8124GK-2GAHC5RR-34D1P70X-3RFPXDTN")
  }

  @Test("every typing error is told apart from a wrong token")
  func everyTypingErrorIsToldApartFromAWrongToken() {
    let text = Array(token.text)
    for index in text.indices.dropFirst(4) where text[index] != "-" {
      var mistyped = text
      mistyped[index] = text[index] == "7" ? "8" : "7"
      expectTypingError(String(mistyped))
      mistyped[index] = "U"
      expectTypingError(String(mistyped))
    }
    for index in text.indices.dropFirst(5)
    where text[index] != text[index - 1] && text[index] != "-" && text[index - 1] != "-" {
      var mistyped = text
      mistyped.swapAt(index, index - 1)
      expectTypingError(String(mistyped))
    }
  }

  private func expectTypingError(_ text: String) {
    #expect { try JoinToken(text) } throws: { ($0 as? FluxionError)?.message.contains("typing error") == true }
  }

  @Test("a token that is cut off says so and is not repeated")
  func aTokenThatIsCutOffSaysSoAndIsNotRepeated() {
    #expect {
      try JoinToken(String(token.text.dropLast(9)))
    } throws: { error in
      guard let error = error as? FluxionError else { return false }
      return error.message.contains("copy all of it") && !error.message.contains(token.text.dropLast(9).suffix(8))
    }
    for text in ["", "fx2-00000000", "hello", "fx1-", String(repeating: "fx1", count: 10_000)] {
      #expect { try JoinToken(text) } throws: { ($0 as? FluxionError)?.code == .invalidArgument }
    }
  }

  @Test("tokens differ and do not show in logs")
  func tokensDifferAndDoNotShowInLogs() {
    let other = JoinToken(authority: token.authority)
    #expect(other.secret != token.secret)
    #expect("\(token)" == "a join token")
    #expect(String(reflecting: token) == "a join token")
  }
}
