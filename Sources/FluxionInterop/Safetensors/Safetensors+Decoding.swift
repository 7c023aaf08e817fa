import FluxionCalculus
public import Foundation

extension Safetensors {
  /// Reads a file.
  ///
  /// - Throws: ``FluxionError/Code/notFound`` if it cannot be read, else as ``init(decoding:name:)``.
  public init(contentsOf url: URL) throws {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw FluxionError(.notFound, "\(url.path) cannot be read; check that it is there", cause: error)
    }
    try self.init(decoding: data, name: url.path)
  }

  /// Reads the bytes of a file, called `name` in errors.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for bytes that are no sound safetensors file: the lengths, the JSON,
  ///   the shapes and the offsets all have to agree, and no byte may be outside a tensor or in two;
  ///   ``FluxionError/Code/unsupported`` for element types other than `F32`.
  public init(decoding data: Data, name: String = "the safetensors file") throws {
    func corrupt(_ what: String, cause: (any Error)? = nil) -> FluxionError {
      FluxionError(.corruptData, "\(name) \(what)", cause: cause)
    }
    guard data.count >= 8 else {
      throw corrupt("has \(data.count) bytes; a safetensors file begins with the 8-byte length of its header")
    }
    let claimed = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard claimed <= UInt64(min(data.count - 8, Self.maximumHeaderLength)) else {
      throw corrupt("says that its header has \(claimed) bytes; \(data.count - 8) bytes follow")
    }
    let header = data.dropFirst(8).prefix(Int(claimed))
    let content = data.dropFirst(8 + Int(claimed))
    guard header.first == UInt8(ascii: "{") else { throw corrupt("has a header that does not begin with {") }
    let parsed: Header
    do {
      parsed = try JSONDecoder().decode(Header.self, from: Data(header))
    } catch let error as FluxionError {
      throw FluxionError(error.code, "\(name) \(error.message)")
    } catch {
      throw corrupt("has a header that is no safetensors header in JSON", cause: error)
    }

    metadata = parsed.metadata
    tensors = []
    tensors.reserveCapacity(parsed.entries.count)
    var offset = 0
    for (tensor, entry) in parsed.entries.sorted(by: Header.precedes) {
      guard let count = Self.elementCount(of: entry.shape), count <= content.count / 4 else {
        throw corrupt("gives tensor \"\(tensor)\" the shape \(entry.shape), which the file cannot hold")
      }
      guard entry.begin == offset, entry.end == offset + 4 * count else {
        throw corrupt(
          "places tensor \"\(tensor)\" of shape \(entry.shape) at bytes \(entry.begin) to \(entry.end); "
            + "they should be \(offset) to \(offset + 4 * count)")
      }
      guard entry.end <= content.count else {
        throw corrupt("ends before tensor \"\(tensor)\" does, at byte \(content.count) of \(entry.end)")
      }
      let bytes = content.dropFirst(entry.begin).prefix(4 * count)
      tensors.append(
        Tensor(uncheckedName: tensor, shape: entry.shape, values: bytes.withUnsafeBytes(floats(littleEndian:))))
      offset = entry.end
    }
    guard offset == content.count else {
      throw corrupt("has \(content.count - offset) bytes after its last tensor")
    }
  }
}

/// The header as it stands in the file.
private struct Header: Decodable {
  struct Entry: Decodable {
    var shape: [Int]
    var begin: Int
    var end: Int

    private enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      let dtype = try container.decode(String.self, forKey: .dtype)
      let offsets = try container.decode([Int].self, forKey: .offsets)
      shape = try container.decode([Int].self, forKey: .shape)
      let name = decoder.codingPath.last?.stringValue ?? ""
      guard dtype == "F32" else {
        guard Header.otherTypes.contains(dtype) else {
          throw FluxionError(.corruptData, "gives tensor \"\(name)\" the unknown element type \"\(dtype)\"")
        }
        throw FluxionError(
          .unsupported, "holds tensor \"\(name)\" as \(dtype); only 32-bit floats, F32, can be read")
      }
      guard offsets.count == 2 else {
        throw FluxionError(
          .corruptData, "gives tensor \"\(name)\" \(offsets.count) data offsets; there should be its begin and end")
      }
      (begin, end) = (offsets[0], offsets[1])
    }
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The element types of the format that are not read here.
  static let otherTypes: Set<String> = [
    "BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "I16", "U16", "F16", "BF16", "I32",
    "U32", "F64", "I64", "U64", "C64",
  ]

  var metadata: [String: String] = [:]
  var entries: [(name: String, entry: Entry)] = []

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      if key.stringValue == Safetensors.metadataKey {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        entries.append((key.stringValue, try container.decode(Entry.self, forKey: key)))
      }
    }
  }

  /// By place in the file; tensors without elements share theirs and go by name.
  static func precedes(_ a: (name: String, entry: Entry), _ b: (name: String, entry: Entry)) -> Bool {
    (a.entry.begin, a.entry.end, a.name) < (b.entry.begin, b.entry.end, b.name)
  }
}
