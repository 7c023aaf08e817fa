public import FluxionCalculus

/// Where each parameter tensor of a model lies in one contiguous vector of floats.
///
/// Tensors follow each other without gaps, in the order of the model's layers, each row-major.
///
/// ```swift
/// let layout = try Model.mlp(hidden: [200], classes: 10).layout(input: [28, 28, 1])
/// layout.count                            // 159_010
/// layout["dense_2.bias"]?.range           // 159_000..<159_010
/// ```
public struct ParameterLayout: Hashable, Sendable {
  /// One tensor in the vector.
  public struct Entry: Hashable, Sendable {
    public let name: String
    public let shape: Shape
    /// Where its first element is.
    public let offset: Int

    public var count: Int { shape.count }
    public var range: Range<Int> { offset..<(offset + count) }
  }

  public let entries: [Entry]
  /// The number of floats.
  public let count: Int

  /// Places tensors one after the other.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for two tensors of one name or too many parameters,
  ///   ``FluxionError/Code/shapeMismatch`` for an absurd shape.
  public init(_ tensors: [(name: String, shape: Shape)]) throws {
    var entries: [Entry] = []
    var offset = 0
    var names: Set<String> = []
    for (name, shape) in tensors {
      guard names.insert(name).inserted else {
        throw FluxionError(.invalidArgument, "two parameters have the name \"\(name)\"; each needs its own")
      }
      let size = try shape.checkedElementCount("parameter \"\(name)\"")
      guard size <= Self.maximumCount - offset else {
        throw FluxionError(.invalidArgument, "a model can have at most \(Self.maximumCount) parameters")
      }
      entries.append(Entry(name: name, shape: shape, offset: offset))
      offset += size
    }
    self.entries = entries
    self.count = offset
  }

  /// The tensor of a name, if there is one.
  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// More than any model here, and few enough that sizes in bytes cannot overflow.
  static let maximumCount = 1 << 34
}

extension ParameterLayout: Codable {
  private struct Tensor: Codable {
    var name: String
    var shape: Shape
  }

  public init(from decoder: any Decoder) throws {
    try self.init(try decoder.singleValueContainer().decode([Tensor].self).map { ($0.name, $0.shape) })
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(entries.map { Tensor(name: $0.name, shape: $0.shape) })
  }
}
