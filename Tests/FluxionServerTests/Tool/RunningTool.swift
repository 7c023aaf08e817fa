import Dispatch
import Foundation
import Synchronization

/// The built `fluxion` as a process, whose lines are read while it runs.
///
/// `@unchecked Sendable`: the process is only asked for its identifier and whether it runs once it is started.
final class RunningTool: @unchecked Sendable {
  private let process: Process
  private let ended: AsyncStream<Int32>
  private let output: Output

  /// What a process has written, and who waits for a line of it.
  fileprivate final class Output: Sendable {
    struct State {
      var text = ""
      var isAtEnd = false
      var waiting: [(part: String, continuation: CheckedContinuation<String?, Never>)] = []
      /// Who waits for the end, by a number of its own.
      var awaitingEnd: [Int: CheckedContinuation<Bool, Never>] = [:]
      var lastNumber = 0
    }

    let state = Mutex(State())

    func take(_ data: Data) {
      let answers = state.withLock { state in
        state.text += String(decoding: data, as: UTF8.self)
        if data.isEmpty { state.isAtEnd = true }
        let found = state.waiting.map { ($0, state.line($0.part)) }
        let isAtEnd = state.isAtEnd
        state.waiting = found.filter { $1 == nil && !isAtEnd }.map(\.0)
        return found.filter { $1 != nil || isAtEnd }.map { ($0.continuation, $1) }
      }
      for (continuation, line) in answers { continuation.resume(returning: line) }
      guard data.isEmpty else { return }
      let awaiting = state.withLock { state in
        defer { state.awaitingEnd.removeAll() }
        return state.awaitingEnd.values
      }
      for continuation in awaiting { continuation.resume(returning: true) }
    }

    func ends(within seconds: Double) async -> Bool {
      await withCheckedContinuation { continuation in
        let number = state.withLock { state -> Int? in
          if state.isAtEnd { return nil }
          state.lastNumber += 1
          state.awaitingEnd[state.lastNumber] = continuation
          return state.lastNumber
        }
        guard let number else { return continuation.resume(returning: true) }
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [self] in
          state.withLock { $0.awaitingEnd.removeValue(forKey: number) }?.resume(returning: false)
        }
      }
    }

    func line(_ part: String) async -> String? {
      await withCheckedContinuation { continuation in
        let (isKnown, line) = state.withLock { state -> (Bool, String?) in
          if let line = state.line(part) { return (true, line) }
          if state.isAtEnd { return (true, nil) }
          state.waiting.append((part, continuation))
          return (false, nil)
        }
        if isKnown { continuation.resume(returning: line) }
      }
    }
  }

  /// Beside the test bundle, where the build puts products.
  private static let url: URL = {
    #if canImport(Darwin)
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") } ?? .main
    return bundle.bundleURL.deletingLastPathComponent().appending(path: "fluxion")
    #else
    let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return executable.deletingLastPathComponent().appending(path: "fluxion")
    #endif
  }()

  init(_ arguments: [String], in directory: URL) throws {
    process = Process()
    process.executableURL = Self.url
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, pipe)
    let output = Output()
    self.output = output
    pipe.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      output.take(data)
      if data.isEmpty { handle.readabilityHandler = nil }
    }
    let (ended, end) = AsyncStream<Int32>.makeStream()
    self.ended = ended
    process.terminationHandler = { process in
      end.yield(process.terminationStatus)
      end.finish()
    }
    try process.run()
  }

  deinit { kill(SIGKILL) }

  /// The first line that contains a text; nil if the process ends without one.
  func line(containing part: String) async -> String? { await output.line(part) }

  /// Everything that was written so far.
  var text: String { output.state.withLock { $0.text } }

  func kill(_ signal: Int32) { if process.isRunning { Foundation.kill(process.processIdentifier, signal) } }

  /// Whether the process ends by itself in a time; at its end the answer comes at once.
  func ends(within seconds: Double) async -> Bool { await output.ends(within: seconds) }

  /// The status of the process at its end.
  func status() async -> Int32 {
    for await status in ended { return status }
    return process.terminationStatus
  }
}

extension RunningTool.Output.State {
  /// A whole line that contains a text.
  fileprivate func line(_ part: String) -> String? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    return lines.first { $0.contains(part) }.map(String.init)
  }
}
