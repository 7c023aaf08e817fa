import Fluxion
import FluxionIdentity
@testable import FluxionStore
@testable import FluxionTool
import Foundation
import Testing

@Suite("fluxion doctor, what it makes of what it sees")
struct DoctorTests {
  private static let now = Date(timeIntervalSince1970: 1_790_000_000)
  private static let day: TimeInterval = 86400

  private static func certificate(_ kind: CertificateCheck.Kind, from: Double, until: Double) -> Finding {
    let facts = CertificateFacts(from: now.addingTimeInterval(from * day), until: now.addingTimeInterval(until * day))
    return CertificateCheck(kind: kind, facts: facts).finding(now: now)
  }

  private static func disk(_ available: Int?, checkpoint: Int, _ write: Result<Duration, FluxionError>) -> [Finding] {
    DiskCheck(
      folder: "/state", availableByteCount: available, checkpointByteCount: checkpoint, write: write
    ).findings
  }

  private static func port(_ state: PortCheck.State) -> Finding {
    PortCheck("parties join", flag: "--port", ServerAddress(host: "127.0.0.1", port: 7117), state).finding
  }

  private static func server(_ state: ServerCheck.State) -> Finding {
    ServerCheck(address: ServerAddress(host: "fed.example.org", port: 7117), state: state).finding
  }

  private static func journal(version: Int) -> Finding {
    let facts = StoreFacts(version: version, rounds: 2, isFinished: false, checkpointByteCount: 0)
    return VersionCheck.journal(facts, in: URL(fileURLWithPath: "/state"))
  }

  private static let failure = FluxionError(.cannotWrite, "the folder cannot be written")

  static let rows: [(finding: Finding, level: Finding.Level, subject: String, advice: String?)] = [
    (certificate(.party, from: -30, until: 60), .ok, "certificates", nil),
    (certificate(.party, from: -70, until: 20), .warning, "certificates", "join"),
    (certificate(.party, from: -90, until: 0), .problem, "certificates", "fluxion invite"),
    (certificate(.party, from: 0.001, until: 90), .problem, "clock", "timedatectl"),
    (certificate(.server, from: -80, until: 10), .ok, "certificates", nil),
    (certificate(.server, from: -91, until: -1), .problem, "certificates", "fluxion resume"),
    (certificate(.authority, from: -3000, until: 80), .warning, "certificates", "new state folder"),
    (certificate(.authority, from: -10, until: 3640), .ok, "certificates", nil),
    (port(.free), .ok, "ports", nil), (port(.answers), .ok, "ports", nil),
    (port(.silent("refused")), .problem, "ports", "fluxion logs"),
    (port(.failure(EADDRINUSE)), .problem, "ports", "--port"),
    (port(.failure(EADDRNOTAVAIL)), .problem, "ports", "--host"),
    (port(.failure(EACCES)), .problem, "ports", "1023"),
    (disk(100_000_000_000, checkpoint: 1 << 20, .success(.milliseconds(3)))[0], .ok, "disk", nil),
    (disk(500_000_000, checkpoint: 1 << 20, .success(.milliseconds(3)))[0], .warning, "disk", "make room"),
    (disk(500_000_000, checkpoint: 300_000_000, .success(.milliseconds(3)))[0], .problem, "disk", "make room"),
    (disk(nil, checkpoint: 0, .success(.milliseconds(3)))[0], .warning, "disk", "df"),
    (disk(1 << 40, checkpoint: 0, .success(.milliseconds(3)))[1], .ok, "disk", nil),
    (disk(1 << 40, checkpoint: 0, .success(.seconds(3)))[1], .warning, "disk", "faster"),
    (disk(1 << 40, checkpoint: 0, .failure(failure))[1], .problem, "disk", "permissions"),
    (ClockCheck(ahead: 2, other: "its clock").finding, .ok, "clock", nil),
    (ClockCheck(ahead: -20, other: "its clock").finding, .warning, "clock", "timedatectl"),
    (ClockCheck(ahead: 301, other: "its clock").finding, .problem, "clock", "timedatectl"),
    (server(.known), .ok, "ports", nil), (server(.reachable), .ok, "ports", nil),
    (server(.unreachable("refused")), .problem, "ports", "firewall"),
    (server(.refused(FluxionError(.unauthorized, "revoked"))), .problem, "certificates", "fluxion invite"),
    (server(.refused(FluxionError(.notFound, "not reached"))), .problem, "certificates", "--server-name"),
    (server(.refused(FluxionError(.unsupported, "version 9"))), .problem, "versions", "same release"),
    (journal(version: 99), .problem, "versions", "release"), (journal(version: 1), .ok, "versions", nil),
    (VersionCheck.build, .ok, "versions", nil),
  ]

  @Test("every finding has its level, and whatever is not ok says what to do", arguments: rows.indices)
  func finding(row: Int) {
    let (finding, level, subject, advice) = Self.rows[row]
    #expect(finding.level == level && finding.subject == subject, "\(finding)")
    #expect((finding.advice == nil) == (level == .ok), "\(finding)")
    if let advice { #expect(finding.advice?.contains(advice) == true, "\(finding)") }
  }

  @Test("findings are a line each with the advice below, then a verdict, and as JSON say whether all is well")
  func text() {
    let findings: [Finding] = [
      .ok("disk", "3 GB are free"), .problem("ports", "taken \u{1b}[1m", "free it"),
      .warning("clock", "late", "set it"),
    ]
    #expect(
      findings.text(TerminalStyle(isTTY: false)) == """
        ok       disk   3 GB are free
        problem  ports  taken \u{fffd}[1m
                        → free it
        warning  clock  late
                        → set it
        1 problem, 1 warning

        """)
    #expect(findings.json["isWell"] == false)
    #expect([Finding.ok("disk", "fine")].verdict == "nothing is wrong")
    #expect([Finding.ok("disk", "fine")].json["isWell"] == true)
  }

  @Test("a folder is known as a server's or a party's by what is in it")
  func kinds() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-doctor-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(Doctor.holds(folder) == .nothing)
    _ = try PartyFolder(state: folder)
    #expect(Doctor.holds(folder) == .party)
    _ = try Registrar(creating: folder)
    #expect(Doctor.holds(folder) == .server)
  }

  @Test("files that others may read, and folders that others may look into, are found")
  func privacy() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-doctor-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let registrar = try Registrar(creating: folder)
    _ = try registrar.serverCertificate(for: [ServerName("localhost")])
    #expect(CertificateCheck.server(folder, now: Date()).allSatisfy { $0.level == .ok })
    chmod(folder.appending(path: "identity").path, 0o755)
    #expect(CertificateCheck.server(folder, now: Date()).contains { $0.advice?.hasPrefix("chmod 700") == true })
    chmod(folder.appending(path: "identity/server.pem").path, 0o644)
    #expect(CertificateCheck.server(folder, now: Date()).count(.problem) == 1)
  }

  @Test("a server's certificate of another authority is found")
  func otherAuthority() throws {
    let folders = (0..<2).map { _ in FileManager.default.temporaryDirectory.appending(path: "fluxion-doctor-\(UUID())")
    }
    defer { for folder in folders { try? FileManager.default.removeItem(at: folder) } }
    for folder in folders { _ = try Registrar(creating: folder).serverCertificate(for: [ServerName("localhost")]) }
    let paths = folders.map { $0.appending(path: "identity/server.pem").path }
    try FileManager.default.removeItem(atPath: paths[0])
    try FileManager.default.copyItem(atPath: paths[1], toPath: paths[0])
    let findings = CertificateCheck.server(folders[0], now: Date())
    #expect(findings.contains { $0.level == .problem && $0.what.contains("authority") }, "\(findings)")
  }

  @Test("a port that is listened on answers and cannot be had, and is free again afterwards")
  func ports() throws {
    let address = ServerAddress(host: "127.0.0.1", port: 0)
    let listener = socket(AF_INET, streamType, 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var count = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(listener, $0, count)
        _ = getsockname(listener, $0, &count)
      }
    }
    listen(listener, 1)
    var taken = address
    taken.port = Int(UInt16(bigEndian: place.sin_port))
    #expect(PortProbe.failureToListen(on: taken) == EADDRINUSE)
    #expect(PortProbe.failureToConnect(to: taken) == nil)
    close(listener)
    #expect(PortProbe.failureToListen(on: taken) == nil)
    #expect(PortProbe.failureToConnect(to: taken) != nil)
    #expect(PortProbe.failureToListen(on: ServerAddress(host: "192.0.2.1", port: 7117)) == EADDRNOTAVAIL)
  }
}

private var streamType: Int32 {
  #if canImport(Darwin)
  SOCK_STREAM
  #else
  Int32(SOCK_STREAM.rawValue)
  #endif
}
