import FluxionCalculus
public import Foundation

/// Where public datasets lie on this machine: a given directory, then `FLUXION_DATA`, then the user's cache.
///
/// The cache is `$XDG_CACHE_HOME/fluxion` or `~/.cache/fluxion`; on Apple's systems `~/Library/Caches/fluxion`.
///
/// ```swift
/// let mnist = try Dataset.mnist(in: DataDirectory())
/// ```
public struct DataDirectory: Sendable, Hashable {
  /// Where to look, in this order; never empty.
  public let paths: [String]

  /// - Parameters:
  ///   - explicit: What the user named, if anything.
  ///   - environment: The process's environment unless a test says otherwise.
  public init(_ explicit: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment) {
    let given = [explicit, environment["FLUXION_DATA"]].compactMap { $0 }.filter { !$0.isEmpty }
    paths = given + [Self.cache(environment)]
  }

  private static func cache(_ environment: [String: String]) -> String {
    #if canImport(Darwin)
    if let caches = FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first {
      return caches.appendingPathComponent("fluxion").path
    }
    #endif
    // The XDG specification has relative paths ignored.
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/fluxion" }
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
    return home + "/.cache/fluxion"
  }

  /// Where a download of the dataset called `name` belongs: the first place that is looked in.
  public func destination(of name: String) -> String { paths[0] + "/" + name }

  /// The directory that holds the image dataset called `name`, in a folder of that name or directly.
  ///
  /// - Throws: `.notFound`, saying how to get it, when no place has its four files.
  public func locate(_ name: String) throws -> String {
    for path in paths {
      for directory in [path + "/" + name, path] where Dataset.isImageDirectory(directory) { return directory }
    }
    throw FluxionError(
      .notFound,
      "\(name) is not in \(paths.joined(separator: " or ")); get it with `fluxion data fetch \(name)`, or name the "
        + "directory that holds its four IDX files with --data-dir or FLUXION_DATA")
  }
}

extension Dataset {
  /// MNIST from where public datasets lie on this machine.
  ///
  /// - Throws: `.notFound`, saying how to get it, when it is not there; else as ``imageDirectory(_:name:)``.
  public static func mnist(in directory: DataDirectory = DataDirectory()) throws -> TrainTestSplit {
    try mnist(at: directory.locate("mnist"))
  }
}
