import Fluxion
import FluxionIdentity
import Foundation

/// A certificate, and what is done when it runs out.
struct CertificateCheck {
  enum Kind {
    case authority
    case server
    case party

    var words: String {
      switch self {
      case .authority: "the authority's certificate"
      case .server: "the server's certificate"
      case .party: "the party's certificate"
      }
    }

    /// What to do once it has run out.
    fileprivate var renewal: String {
      switch self {
      case .authority: "begin a federation with a new state folder, and have the parties join it anew"
      case .server: "start the server, which makes another: fluxion resume"
      case .party: "ask whoever runs the server for an invitation (fluxion invite), and join with its token"
      }
    }

    /// The time that is left from which on somebody should know; none where another one comes by itself.
    fileprivate var notice: TimeInterval {
      switch self {
      // Certificates of 90 days cannot be signed any longer.
      case .authority: 90 * 86400
      case .server: 0
      case .party: 30 * 86400
      }
    }
  }

  var kind: Kind
  var facts: CertificateFacts

  func finding(now: Date) -> Finding {
    let subject = "certificates"
    guard now >= facts.from else {
      return .problem(
        "clock",
        "it is \(now.formatted(.iso8601)) here, and \(kind.words) is good from \(facts.from.formatted(.iso8601)) on",
        "set this machine's clock: timedatectl set-ntp true")
    }
    let until = facts.until.formatted(.iso8601)
    guard now < facts.until else {
      return .problem(subject, "\(kind.words) was good until \(until)", kind.renewal)
    }
    let left = facts.until.timeIntervalSince(now)
    let days = Int(left / 86400)
    let what = "\(kind.words) is good until \(until): \(days) day\(days == 1 ? "" : "s") are left"
    guard left < kind.notice else { return .ok(subject, what) }
    return .warning(
      subject, what, kind == .party ? "let the party join: it gets another by itself" : kind.renewal)
  }
}

extension CertificateCheck {
  private static let lost = "docs/identity.md says what to do when something is lost"

  /// Of a server's state folder.
  static func server(_ state: URL, now: Date) -> [Finding] {
    guard FileManager.default.fileExists(atPath: state.appending(path: "identity").path) else {
      return [.ok("certificates", "there are none: nobody was invited yet, or the server serves with --plaintext")]
    }
    do {
      let registrar = try Registrar(state: state)
      var findings = [
        CertificateCheck(kind: .authority, facts: registrar.authority.facts).finding(now: now)
      ]
      if let held = try registrar.heldServerCertificate() {
        findings.append(
          held.isOfAuthority
            ? CertificateCheck(kind: .server, facts: held.facts).finding(now: now)
            : .problem(
              "certificates", "the server's certificate is not of this folder's authority",
              "remove identity/server.pem and start the server, which makes another"))
      }
      let enrolled = try registrar.standings().count { $0.state == .enrolled }
      findings.append(
        .ok("certificates", "\(enrolled == 1 ? "1 party has" : "\(enrolled) parties have") one that is good"))
      return findings + privacy(of: ["identity", "server"], in: state)
    } catch { return [.problem("certificates", error, lost)] }
  }

  /// Of a party's.
  static func party(_ state: URL, now: Date) -> [Finding] {
    do {
      guard let identity = try PartyFolder(state: state).identity() else {
        return [
          .warning(
            "certificates", "the party has not enrolled yet",
            "join with --token and the token of an invitation, which whoever runs the server gets from fluxion invite")
        ]
      }
      return [
        CertificateCheck(kind: .party, facts: identity.facts).finding(now: now),
        CertificateCheck(kind: .authority, facts: identity.authorityFacts).finding(now: now),
      ] + privacy(of: ["party"], in: state)
    } catch { return [.problem("certificates", error, lost)] }
  }

  /// Folders for secrets that others may look into.
  private static func privacy(of names: [String], in state: URL) -> [Finding] {
    names.compactMap { name in
      var status = stat()
      let folder = state.appending(path: name)
      guard stat(folder.path, &status) == 0, status.st_mode & 0o077 != 0 else { return nil }
      return .warning(
        "certificates", "\(folder.relativePath) is open to others", "chmod 700 \(ShellText.line([folder.relativePath]))"
      )
    }
  }
}
