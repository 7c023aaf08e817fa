import FluxionCalculus
package import Foundation

/// The bytes of a regular file.
package enum FileBytes {
  /// Reads a whole file, gunzipped when it begins as gzip does.
  ///
  /// - Throws: `.notFound` when there is no readable regular file, `.corruptData` when it is larger than `limit`
  ///   bytes, packed or unpacked, or is no sound gzip.
  static func read(_ path: String, limit: Int) throws -> [UInt8] {
    try unpacked([UInt8](raw(path, limit: limit)), limit: limit, name: path)
  }

  /// Reads a whole file as it is.
  ///
  /// - Throws: as ``read(_:limit:)``.
  package static func raw(_ path: String, limit: Int) throws -> Data {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw FluxionError(.notFound, "there is no file \(path)")
    }
    guard !isDirectory.boolValue else {
      throw FluxionError(.notFound, "\(path) is a directory; a file was expected")
    }
    do {
      // Resolved first: attributes describe a link, not what it points to. A pipe or device could block for ever.
      let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      let attributes = try FileManager.default.attributesOfItem(atPath: resolved)
      guard attributes[.type] as? FileAttributeType == .typeRegular else {
        throw FluxionError(.notFound, "\(path) is no regular file")
      }
      let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
      guard size <= limit else {
        throw FluxionError(.corruptData, "\(path) has \(size) bytes; at most \(limit) were expected")
      }
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch let error as FluxionError {
      throw error
    } catch {
      throw FluxionError(.notFound, "\(path) cannot be read; check its permissions", cause: error)
    }
  }

  /// The bytes, gunzipped when they begin as gzip does.
  static func unpacked(_ bytes: [UInt8], limit: Int, name: String) throws -> [UInt8] {
    guard bytes.starts(with: Gzip.magic) else { return bytes }
    return try Gzip.inflate(bytes, limit: limit, name: name)
  }
}
