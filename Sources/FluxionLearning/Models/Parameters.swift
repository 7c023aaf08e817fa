import FluxionCalculus

/// The parameters of a model: one contiguous vector of floats, and where each tensor lies in it.
///
/// ```swift
/// let parameters = try model.initialParameters(input: [28, 28, 1], key: RandomKey(seed: 7))
/// parameters["dense_1.bias"]?.count
/// ```
public struct Parameters: Hashable, Sendable {
  public let layout: ParameterLayout
  /// As many values as ``ParameterLayout/count``.
  public private(set) var values: [Float]

  /// - Throws: ``FluxionError/Code/shapeMismatch`` if there are not as many values as the layout has places.
  public init(layout: ParameterLayout, values: [Float]) throws {
    guard values.count == layout.count else {
      throw FluxionError(
        .shapeMismatch, "the model has \(layout.count) parameters; it was given \(values.count) values")
    }
    self.layout = layout
    self.values = values
  }

  /// 0 everywhere.
  public init(zerosFor layout: ParameterLayout) {
    self.layout = layout
    values = [Float](repeating: 0, count: layout.count)
  }

  /// The values of one tensor, row-major; nil if there is none of that name.
  public subscript(name: String) -> ArraySlice<Float>? {
    layout[name].map { values[$0.range] }
  }

  /// Puts other values in place of one tensor's.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` if there is no such tensor,
  ///   ``FluxionError/Code/shapeMismatch`` if the number of values differs.
  public mutating func set(_ name: String, to newValues: some Collection<Float>) throws {
    guard let entry = layout[name] else {
      throw FluxionError(.invalidArgument, unknownName(name, "parameter", among: layout.entries.map(\.name)))
    }
    guard newValues.count == entry.count else {
      throw FluxionError(
        .shapeMismatch,
        "parameter \"\(name)\" of shape \(entry.shape) has \(entry.count) values; it was given \(newValues.count)")
    }
    values.replaceSubrange(entry.range, with: newValues)
  }

  /// Puts other values in place of all of them.
  ///
  /// - Throws: ``FluxionError/Code/shapeMismatch`` if their number differs.
  public mutating func replaceValues(with newValues: [Float]) throws {
    self = try Parameters(layout: layout, values: newValues)
  }

  /// Calls `body` with the storage, for kernels and aggregation; its length cannot change.
  public mutating func withUnsafeMutableValues<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    try values.withUnsafeMutableBufferPointer { try body($0) }
  }
}

extension Parameters: Codable {
  private enum CodingKeys: CodingKey { case layout, values }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      layout: try container.decode(ParameterLayout.self, forKey: .layout),
      values: try container.decode([Float].self, forKey: .values))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(layout, forKey: .layout)
    try container.encode(values, forKey: .values)
  }
}
