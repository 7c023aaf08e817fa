import FluxionExperiment

/// What somebody sees who has not shown the token. Nothing of the run is on it.
struct SignInPage: Page {
  /// Whether a token was shown that is not the one.
  var isWrong = false

  var title: String { "Sign in" }
  var fluxionVersion: String { RunRecord.Environment.fluxionVersion }
  var colophon: String { "Served by Fluxion." }

  func head(into head: inout Markup) { head.dashboardLinks(script: Route.signInScript) }

  func masthead(into header: inout Markup) {
    header.element("p", ["class": "eyebrow"], text: "Fluxion · a federated run")
    header.element("h1", text: "This page needs its token")
    header.element(
      "p", ["class": "lede"],
      text: "Whoever started the server has it: it was printed beside the address of this page.")
  }

  func content(into main: inout Markup) {
    main.element("form", ["class": "sign-in", "method": "post", "action": Route.session.path]) { form in
      if isWrong {
        form.element("p", ["class": "notice", "role": "alert"], text: "That is not the token of this server.")
      }
      form.element("label", ["for": "token"], text: "Token")
      form.element("div", ["class": "field"]) { field in
        field.empty(
          "input",
          [
            "id": "token", "name": "token", "type": "password", "required": "", "autocomplete": "current-password",
            "autofocus": "", "spellcheck": "false",
          ])
        field.element("button", ["type": "submit"], text: "Open the page")
      }
    }
  }
}

extension Markup {
  /// Style, script and icon of a page, each from this server.
  mutating func dashboardLinks(script: Route) {
    empty("link", ["rel": "stylesheet", "href": Route.style.path])
    empty("link", ["rel": "icon", "href": Route.icon.path, "type": "image/svg+xml"])
    element("script", ["src": script.path, "defer": ""], text: "")
  }
}
