import FluxionCalculus
import FluxionData
@testable import FluxionFetching
import Foundation
import Testing

@Suite("Fetching a dataset")
struct DatasetFetcherTests {
  static let bodies: [String: [UInt8]] = ["a.gz": Array("contents of a".utf8), "b.gz": [UInt8](0...255)]

  /// The digests are what `sha256sum` prints for the bodies above.
  static let remote = RemoteDataset(
    name: "letters",
    files: [
      RemoteDataset.File(
        name: "a.gz", byteCount: 13, sha256: "ad6a894c2b7939454b3d9949b66dfb62ec7cc060d33304eb82966b0eb2b14fc3"),
      RemoteDataset.File(
        name: "b.gz", byteCount: 256, sha256: "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880"),
    ], mirrors: [])

  static func answers(_ changes: [String: LoopbackServer.Answer] = [:]) -> [String: LoopbackServer.Answer] {
    bodies.mapValues { LoopbackServer.Answer($0) }.merging(changes) { $1 }
  }

  /// Fetches from servers with these answers; gives what the directory then holds, or the error.
  func fetch(
    _ servers: [LoopbackServer], into directory: String, mirrors: [String]? = nil
  ) async -> (files: [String: Data], error: FluxionError?) {
    var failure: FluxionError?
    do {
      try await DatasetFetcher(Self.remote, mirrors: mirrors ?? servers.map(\.address), timeoutSeconds: 20)
        .fetch(into: directory)
    } catch {
      failure = error as? FluxionError
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let files = names.map { ($0, FileManager.default.contents(atPath: directory + "/" + $0) ?? Data()) }
    return (Dictionary(uniqueKeysWithValues: files), failure)
  }

  func withServers(
    _ answers: [[String: LoopbackServer.Answer]], _ body: ([LoopbackServer], String) async throws -> Void
  ) async throws {
    let servers = try answers.map { try LoopbackServer($0) }
    let root = try makeTemporaryDirectory()
    defer {
      servers.forEach { $0.stop() }
      try? FileManager.default.removeItem(atPath: root)
    }
    try await body(servers, root + "/deep/er")
  }

  @Test("gets every file, and fetches none of them again")
  func gets() async throws {
    try await withServers([Self.answers()]) { servers, directory in
      let first = await fetch(servers, into: directory)
      #expect(first.error == nil)
      #expect(first.files == Self.bodies.mapValues { Data($0) })
      try Data([1]).write(to: URL(fileURLWithPath: directory + "/b.gz"))
      let second = await fetch([], into: directory, mirrors: servers.map { String($0.address.dropLast()) })
      #expect(second.files == first.files)
      #expect(servers[0].requests == ["a.gz", "b.gz", "b.gz"])
    }
  }

  @Test(
    "goes on to the next mirror when one has the file wrong or not at all",
    arguments: [
      LoopbackServer.Answer([], status: 404), LoopbackServer.Answer([], status: 503),
      LoopbackServer.Answer(Array("contents of b".utf8)), LoopbackServer.Answer(Array("contents".utf8)),
      LoopbackServer.Answer(repeating: 0, count: 5_000_000),
      LoopbackServer.Answer(Array("contents".utf8), claimedLength: 13),
    ])
  func nextMirror(_ bad: LoopbackServer.Answer) async throws {
    try await withServers([Self.answers(["a.gz": bad]), Self.answers()]) { servers, directory in
      let result = await fetch(servers, into: directory)
      #expect(result.error == nil)
      #expect(result.files == Self.bodies.mapValues { Data($0) })
      #expect(servers[0].requests == ["a.gz", "b.gz"])
      #expect(servers[1].requests == ["a.gz"])
    }
  }

  @Test("names every mirror and what was wrong with it, and leaves no file behind")
  func everyMirror() async throws {
    let wrong = LoopbackServer.Answer(Array("contents of b".utf8))
    let short = LoopbackServer.Answer([1, 2])
    let gone = LoopbackServer.Answer([], status: 410)
    let endless = LoopbackServer.Answer(repeating: 0, count: 5_000_000)
    let answers = [wrong, short, gone, endless].map { Self.answers(["a.gz": $0]) }
    try await withServers(answers) { servers, directory in
      let mirrors = servers.map(\.address) + ["ftp://example.invalid/", "not an address"]
      let result = await fetch(servers, into: directory, mirrors: mirrors)
      let message = result.error?.message ?? "no error"
      #expect(result.error?.code == .notFound)
      for part in mirrors + [
        "SHA-256", "2 bytes instead of 13", "HTTP status 410", "more than the 13 bytes", "not an http",
      ] {
        #expect(message.contains(part), "\(message)")
      }
      #expect(result.files.isEmpty)
    }
  }

  @Test("says so where there is no mirror, no server, or no place to write")
  func refusals() async throws {
    try await withServers([Self.answers()]) { servers, directory in
      #expect(await fetch([], into: directory).error?.message.contains("no mirror") == true)
      // Port 9 of the loopback: nobody listens there.
      let refused = await fetch([], into: directory, mirrors: ["http://127.0.0.1:9/"])
      #expect(refused.error?.message.contains("http://127.0.0.1:9/") == true)
      let file = directory + "/file"
      try Data().write(to: URL(fileURLWithPath: file))
      #expect(await fetch(servers, into: file + "/under").error?.code == .cannotWrite)
    }
  }

  @Test("goes through the proxy that the environment names, unless it is told not to for the host")
  func proxy() async throws {
    let address = "http://letters.invalid/a.gz"
    try await withServers([["a.gz": LoopbackServer.Answer([7])]]) { servers, _ in
      func get(_ environment: [String: String]) async throws -> [UInt8] {
        let url = try #require(URL(string: address))
        return try await [UInt8](HTTPGet(url, limit: 10, timeoutSeconds: 20, environment: environment).answer().body)
      }
      let proxy = servers[0].address
      let answers = [
        try await get(["http_proxy": proxy]),
        try await get(["HTTP_PROXY": String(proxy.dropFirst(7).dropLast()), "no_proxy": "other.invalid"]),
      ]
      #expect(answers == [[7], [7]])
      for exempt in ["*", "letters.invalid", "localhost, .invalid"] {
        await #expect(throws: HTTPGet.Failure.self) { try await get(["http_proxy": proxy, "no_proxy": exempt]) }
      }
      await #expect(throws: HTTPGet.Failure.self) { try await get(["https_proxy": proxy]) }
      let way = ["CONNECT letters.invalid:80", "a.gz"]
      #expect(servers[0].requests == way + way)
    }
  }

  @Test("a task that is cancelled ends its request", .timeLimit(.minutes(1)))
  func cancellation() async throws {
    let silent = try LoopbackServer(["a.gz": LoopbackServer.Answer(Array("half".utf8), claimedLength: 13, isHeld: true)]
    )
    defer { silent.stop() }
    let url = try #require(URL(string: silent.address + "a.gz"))
    let task = Task { try await HTTPGet(url, limit: 13, timeoutSeconds: 3600).answer() }
    await silent.isAsked()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}

/// An empty directory.
func makeTemporaryDirectory() throws -> String {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  return directory.path
}
