import Foundation
import Synchronization
import Testing

/// The built executable, run as a user runs it.
enum Tool {
  struct Result: Sendable {
    var status: Int32
    /// The process was ended because it took longer than it may.
    var isTimedOut: Bool
    var output: String
    var errors: String
  }

  /// Beside the test bundle, where the build puts products.
  static let url: URL = {
    #if canImport(Darwin)
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") } ?? .main
    return bundle.bundleURL.deletingLastPathComponent().appending(path: "fluxion")
    #else
    let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return executable.deletingLastPathComponent().appending(path: "fluxion")
    #endif
  }()

  /// Runs the tool in `directory` and waits for its end.
  ///
  /// - Parameter started: called with the running process, once.
  static func run(
    _ arguments: [String], in directory: Directory, environment: [String: String] = [:], timeoutSeconds: Double = 120,
    executable: URL = url, started: @Sendable (Process) -> Void = { _ in }
  ) async throws -> Result {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = directory.url
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["HOME": directory.url.path, "XDG_CACHE_HOME": directory.url.path + "/cache", "FLUXION_DATA": ""]
    ) { $1 }.merging(environment) { $1 }
    let output = try directory.file("stdout-\(UUID())")
    let errors = try directory.file("stderr-\(UUID())")
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    let timer = DispatchSource.makeTimerSource()
    timer.schedule(deadline: .now() + timeoutSeconds)
    let isRunning = Running(process)
    timer.setEventHandler { isRunning.kill() }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in continuation.resume() }
      do {
        try process.run()
        timer.resume()
        started(process)
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
    timer.cancel()
    return Result(
      status: process.terminationStatus, isTimedOut: isRunning.isKilled,
      output: try String(contentsOf: output, encoding: .utf8), errors: try String(contentsOf: errors, encoding: .utf8))
  }

  /// `@unchecked Sendable`: the flag lies in a `Mutex`, and the process is only asked for its identifier.
  private final class Running: @unchecked Sendable {
    private let process: Process
    private let killed = Mutex(false)

    init(_ process: Process) { self.process = process }

    var isKilled: Bool { killed.withLock { $0 } }

    func kill() {
      killed.withLock { $0 = true }
      if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
    }
  }
}

/// A directory of a test's own, gone at its end.
final class Directory: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "fluxion-test-\(UUID())").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  @discardableResult
  func file(_ name: String, _ bytes: some Sequence<UInt8> = []) throws -> URL {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file
  }

  @discardableResult
  func file(_ name: String, text: String) throws -> URL { try file(name, text.utf8) }

  func json(_ name: String) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(contentsOf: url.appending(path: name)))
    return value as? [String: Any] ?? [:]
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }
}
