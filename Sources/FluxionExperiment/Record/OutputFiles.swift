import FluxionCalculus
import Foundation

/// Results on disk; what cannot be written is said in a sentence.
enum OutputFiles {
  /// Makes a directory, with those above it, if it is not there.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  static func makeDirectory(_ url: URL) throws {
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), !isDirectory.boolValue {
      throw FluxionError(.cannotWrite, "the output directory \(url.path) is a file; name a directory")
    }
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw unwritable(url, cause: error)
    }
  }

  /// Writes a file, as a whole or not at all.
  ///
  /// - Throws: ``FluxionError/Code/cannotWrite``.
  static func write(_ data: Data, to url: URL) throws {
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw FluxionError(
        .cannotWrite, "\(url.path) cannot be written; check the space and the permissions", cause: error)
    }
  }

  static func unwritable(_ directory: URL, cause: any Error) -> FluxionError {
    FluxionError(
      .cannotWrite,
      "nothing can be written to the output directory \(directory.path); check its path and permissions", cause: cause)
  }
}
