import FluxionCalculus
@testable import FluxionDashboard
import Testing

@Suite("Who may read")
struct AccessTests {
  private static let token = "0123456789abcdef0123456789abcdef"

  private static let wrong = [
    "", "Bearer", "Bearer ", "Bearer 0123456789abcdef0123456789abcdee", "Bearer 0123456789abcdef",
    "Bearer 0123456789abcdef0123456789abcdef0", "Bearer 0123456789ABCDEF0123456789ABCDEF",
    "Basic 0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef",
    "Bearer 0123456789abcdef0123456789abcdef x", "Bearer " + String(repeating: "0", count: 10_000),
  ]

  @Test(
    "without the token only what is open is to be had: health, and what signing in takes", arguments: Route.allCases)
  func none(_ route: Route) throws {
    let access = try Access(token: Self.token)
    let open: Set<Route> = [.health, .session, .style, .signInScript, .icon]
    #expect(access.permits(route, authorization: nil, cookies: []) == open.contains(route))
  }

  @Test("a wrong token is no token", arguments: Route.allCases, wrong)
  func wrongToken(_ route: Route, _ authorization: String) throws {
    let access = try Access(token: Self.token)
    #expect(access.permits(route, authorization: authorization, cookies: []) == route.isOpen)
    let cookies = [
      "\(access.cookieName)=\(Self.token)", "\(access.cookieName)=", "other=\(access.cookieValue)",
      "x\(access.cookieName)=\(access.cookieValue)", "\(access.cookieName)=\(access.cookieValue.dropLast())",
      "\(access.cookieName)=\(try Access(token: Self.token + "x").cookieValue)",
    ]
    for cookie in cookies {
      #expect(access.permits(route, authorization: authorization, cookies: [cookie]) == route.isOpen, "\(cookie)")
    }
  }

  @Test("the token opens everything, as a bearer or by the cookie that signing in sets", arguments: Route.allCases)
  func right(_ route: Route) throws {
    let access = try Access(token: Self.token)
    #expect(access.permits(route, authorization: "Bearer \(Self.token)", cookies: []))
    #expect(access.permits(route, authorization: "bearer  \(Self.token)", cookies: []))
    let cookie = "\(access.cookieName)=\(access.cookieValue)"
    #expect(access.permits(route, authorization: nil, cookies: ["a=b; \(cookie); c=d"]))
    #expect(access.permits(route, authorization: nil, cookies: ["a=b", cookie]))
  }

  @Test("the cookie does not tell the token, and differs between tokens in name and value")
  func cookie() throws {
    let (one, other) = (try Access(token: Self.token), try Access(token: Dashboard.makeToken()))
    #expect(!one.cookieValue.contains(Self.token) && one.cookieValue != other.cookieValue)
    #expect(one.cookieName != other.cookieName)
  }

  @Test("tokens are long enough, of visible ASCII, and those that are made differ")
  func tokens() throws {
    for token in ["", "short", String(repeating: "a", count: 257), "with a space in it....", "ünïcödeünïcödeünïcöde"] {
      #expect(throws: FluxionError.self) { try Access(token: token) }
    }
    let made = (0..<100).map { _ in Dashboard.makeToken() }
    #expect(Set(made).count == 100 && made.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
  }

  @Test(
    "the token of a form is decoded",
    arguments: [
      ("token=abc", "abc"), ("x=1&token=a%2Bb%26", "a+b&"), ("token=+abc+", "abc"), ("token=", ""),
    ])
  func form(_ form: String, _ token: String) {
    #expect(Responder.token(inForm: form) == token)
  }

  @Test("forms without a token have none", arguments: ["", "abc", "tokens=a", "token=%zz", "&&&=="])
  func noForm(_ form: String) { #expect(Responder.token(inForm: form) == nil) }

  @Test("a host beyond this machine has to be allowed; other settings that cannot hold are refused")
  func settings() {
    func fails(_ change: (inout Dashboard.Configuration) -> Void) -> Bool {
      var configuration = Dashboard.Configuration(token: Self.token)
      change(&configuration)
      return (try? Dashboard(Facts.board(), configuration)) == nil
    }
    #expect(!fails { _ in })
    #expect(fails { $0.host = "0.0.0.0" })
    #expect(!fails { ($0.host, $0.listensBeyondLoopback) = ("0.0.0.0", true) })
    #expect(fails { $0.port = 70_000 })
    #expect(fails { $0.maximumConnections = 0 })
    #expect(fails { $0.requestTimeout = .zero })
    #expect(fails { $0.token = "short" })
  }
}
