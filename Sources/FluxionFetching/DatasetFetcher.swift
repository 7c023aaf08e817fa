import Crypto
import FluxionCalculus
public import FluxionData
import Foundation

/// Downloads a public dataset from the first of its mirrors that has it, each file checked by size and SHA-256.
///
/// ```swift
/// let directory = DataDirectory().destination(of: "mnist")
/// try await DatasetFetcher(.mnist).fetch(into: directory) { print($0) }
/// ```
public struct DatasetFetcher: Sendable {
  public var dataset: RemoteDataset
  /// How long a mirror may be silent.
  public var timeoutSeconds: Double

  /// - Parameters:
  ///   - dataset: What to fetch.
  ///   - mirrors: HTTP(S) addresses to use instead of the dataset's own; a file's name is put at their end.
  public init(_ dataset: RemoteDataset, mirrors: [String]? = nil, timeoutSeconds: Double = 30) {
    self.dataset = dataset
    if let mirrors { self.dataset.mirrors = mirrors }
    self.timeoutSeconds = timeoutSeconds
  }

  /// Fetches what `directory` does not have yet; a file appears in it whole and checked, or not at all.
  ///
  /// - Parameters:
  ///   - directory: Made when it is not there.
  ///   - report: Called with a line for each file.
  /// - Throws: `.cannotWrite` when the directory cannot be made or written; `.notFound`, naming each mirror and what
  ///   was wrong with it, when no mirror had a file; `CancellationError`.
  public func fetch(into directory: String, report: @Sendable (String) -> Void = { _ in }) async throws {
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw FluxionError(.cannotWrite, "the directory \(directory) cannot be made", cause: error)
    }
    for file in dataset.files {
      let target = URL(fileURLWithPath: directory).appendingPathComponent(file.name)
      if let present = try? FileBytes.raw(target.path, limit: file.byteCount), Self.fault(of: present, file) == nil {
        report("\(file.name) is there already")
        continue
      }
      let (data, mirror) = try await download(file)
      do {
        try data.write(to: target, options: .atomic)  // To a temporary name, then renamed.
      } catch {
        throw FluxionError(.cannotWrite, "\(target.path) cannot be written", cause: error)
      }
      report("\(file.name) from \(mirror), \(data.count) bytes")
    }
  }

  /// The file from the first mirror that has it as it must be.
  private func download(_ file: RemoteDataset.File) async throws -> (Data, String) {
    var reasons: [String] = []
    for mirror in dataset.mirrors {
      let address = mirror.hasSuffix("/") ? mirror + file.name : mirror + "/" + file.name
      guard let url = URL(string: address), ["http", "https"].contains(url.scheme?.lowercased()) else {
        reasons.append("\(mirror): not an http or https address")
        continue
      }
      do {
        let data = try await HTTPGet(url, limit: file.byteCount, timeoutSeconds: timeoutSeconds).answer().body
        guard let fault = Self.fault(of: data, file) else { return (data, mirror) }
        reasons.append("\(mirror): \(fault)")
      } catch let failure as HTTPGet.Failure {
        reasons.append("\(mirror): \(failure.reason)")
      }
    }
    throw FluxionError(
      .notFound,
      reasons.isEmpty
        ? "\(file.name) of \(dataset.name) cannot be fetched: there is no mirror to fetch it from"
        : "\(file.name) of \(dataset.name) could not be fetched from any mirror; \(reasons.joined(separator: "; "))")
  }

  /// What is wrong with the bytes of a file; nil when nothing is.
  private static func fault(of data: Data, _ file: RemoteDataset.File) -> String? {
    guard data.count == file.byteCount else { return "\(data.count) bytes instead of \(file.byteCount)" }
    let digest = SHA256.hash(data: data).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    guard digest == file.sha256.lowercased() else {
      return "SHA-256 \(digest.prefix(16))… instead of \(file.sha256.prefix(16))…"
    }
    return nil
  }
}
