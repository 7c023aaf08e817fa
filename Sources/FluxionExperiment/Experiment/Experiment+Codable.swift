import FluxionCalculus

extension Experiment: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// One flat object; what is nil is left out.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for setting in Self.settings {
      let key = Key(stringValue: setting.name)
      switch setting.scalar(self) {
      case nil: break
      case .text(let text): try container.encode(text, forKey: key)
      case .integer(let number): try container.encode(number, forKey: key)
      case .unsigned(let number): try container.encode(number, forKey: key)
      case .number(let number): try container.encode(number, forKey: key)
      case .flag(let flag): try container.encode(flag, forKey: key)
      }
    }
  }

  /// Keys that are left out keep their defaults.
  ///
  /// - Throws: `.invalidConfiguration` as ``set(_:to:)``.
  public init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
      guard try !container.decodeNil(forKey: key) else { continue }
      try set(key.stringValue, to: try Self.text(of: key, in: container))
    }
  }

  private static func text(of key: Key, in container: KeyedDecodingContainer<Key>) throws -> String {
    if let flag = try? container.decode(Bool.self, forKey: key) { return String(flag) }
    if let number = try? container.decode(Int.self, forKey: key) { return String(number) }
    if let number = try? container.decode(UInt64.self, forKey: key) { return String(number) }
    if let number = try? container.decode(Double.self, forKey: key) { return String(number) }
    if let text = try? container.decode(String.self, forKey: key) { return text }
    throw FluxionError(
      .invalidConfiguration, "setting \"\(key.stringValue)\" takes one value, not a list or an object")
  }
}
