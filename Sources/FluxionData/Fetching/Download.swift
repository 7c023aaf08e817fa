package import Foundation
import Synchronization

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// One HTTP GET into memory, cut off at a limit.
package enum Download {
  package struct Failure: Error {
    package let reason: String
  }

  /// The body at `url`, at most `limit` bytes.
  ///
  /// - Throws: ``Failure`` for a connection that fails, a status other than 200 or a longer body;
  ///   `CancellationError` when the task is cancelled.
  package static func bytes(of url: URL, limit: Int, timeoutSeconds: Double) async throws -> Data {
    try Task.checkCancellation()
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeoutSeconds
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    let receiver = Receiver(limit: limit)
    let session = URLSession(configuration: configuration, delegate: receiver, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: url)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        receiver.begin(continuation)
        task.resume()
      }
    } onCancel: {
      task.cancel()
    }
    try Task.checkCancellation()
    return try result.get()
  }

  /// Collects a body; `@unchecked Sendable`: its state lies in a `Mutex`.
  private final class Receiver: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private struct State {
      var body = Data()
      var failure: Failure?
      var continuation: CheckedContinuation<Result<Data, Failure>, Never>?
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func begin(_ continuation: CheckedContinuation<Result<Data, Failure>, Never>) {
      state.withLock { $0.continuation = continuation }
    }

    private func fail(_ reason: String) {
      state.withLock { $0.failure = $0.failure ?? Failure(reason: reason) }
    }

    func urlSession(
      _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
      completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
      if let status = (response as? HTTPURLResponse)?.statusCode, status == 200 {
        completionHandler(.allow)
      } else {
        fail((response as? HTTPURLResponse).map { "HTTP status \($0.statusCode)" } ?? "no HTTP answer")
        completionHandler(.cancel)
      }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
      let isTooLong = state.withLock { state in
        guard state.failure == nil, state.body.count + data.count <= limit else { return true }
        state.body.append(data)
        return false
      }
      if isTooLong {
        fail("more than the \(limit) bytes that were expected")
        dataTask.cancel()
      }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
      if let error { fail(error.localizedDescription) }
      let (continuation, result) = state.withLock { state in
        let result: Result<Data, Failure> = state.failure.map { .failure($0) } ?? .success(state.body)
        let continuation = state.continuation
        state.continuation = nil
        return (continuation, result)
      }
      continuation?.resume(returning: result)
    }
  }
}
