import FluxionCalculus
public import Foundation

extension Safetensors {
  /// The file's bytes. The same tensors and metadata give the same bytes: tensors in their order, metadata by key,
  /// the header filled with spaces to a multiple of 8 bytes.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for two tensors of one name or one called `__metadata__`.
  public func encoded() throws -> Data {
    let header = try encodedHeader()
    let bytes = tensors.reduce(0) { $0 + 4 * $1.values.count }
    var data = Data(capacity: 8 + header.count + bytes)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: header)
    for tensor in tensors {
      withLittleEndianBytes(of: tensor.values) { data.append(contentsOf: $0) }
    }
    return data
  }

  /// Writes the file; what was there before stays whole until the new one is.
  ///
  /// - Throws: as ``encoded()``; ``FluxionError/Code/cannotWrite`` if the file cannot be written.
  public func write(to url: URL) throws {
    let data = try encoded()
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw FluxionError(.cannotWrite, "\(url.path) cannot be written; check that its directory is there", cause: error)
    }
  }

  private func encodedHeader() throws -> [UInt8] {
    var names: Set<String> = [Self.metadataKey]
    var members: [String] = []
    if !metadata.isEmpty {
      let words = metadata.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(jsonString($0.value))" }
      members.append("\"\(Self.metadataKey)\":{\(words.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw FluxionError(
          .invalidArgument,
          "a safetensors file cannot hold two entries called \"\(tensor.name)\"; give each its own name")
      }
      let end = offset + 4 * tensor.values.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(jsonString(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    return header
  }
}
