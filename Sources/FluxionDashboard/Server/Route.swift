import HTTPTypes

/// What the server answers, all of it: a path that is not here does not exist.
enum Route: String, CaseIterable, Sendable {
  case page = "/"
  case status = "/api/status"
  case events = "/api/events"
  case model = "/api/model"
  case metrics = "/metrics"
  case script = "/dashboard.js"
  /// Whether the process serves; says nothing of the run.
  case health = "/healthz"
  /// Exchanges the token for a cookie.
  case session = "/session"
  // What the page for signing in is made of; nothing of the run is in it.
  case style = "/dashboard.css"
  case signInScript = "/sign-in.js"
  case icon = "/icon.svg"

  var path: String { rawValue }

  /// Whether it is for everybody, without the token.
  var isOpen: Bool {
    switch self {
    case .health, .session, .style, .signInScript, .icon: true
    case .page, .status, .events, .model, .metrics, .script: false
    }
  }

  /// Nothing here changes a run.
  var methods: [HTTPRequest.Method] { self == .session ? [.post] : [.get, .head] }
}
