/// What makes a run this run and no other: the settings that its rounds depend on, its data and its model, by name.
///
/// ```swift
/// let identity = RunIdentity([("rounds", "20"), ("seed", "7")])
/// RunIdentity([("rounds", "20"), ("seed", "8")]).difference(from: identity)  // "seed 7, and here it is 8"
/// ```
public struct RunIdentity: Codable, Hashable, Sendable {
  public struct Field: Codable, Hashable, Sendable {
    public var name: String
    public var value: String
  }

  public var fields: [Field]

  public init(_ fields: [(name: String, value: String)]) {
    self.fields = fields.map { Field(name: $0.name, value: $0.value) }
  }

  /// The first thing in which an earlier run is another, in words; nil if it is the same run.
  public func difference(from earlier: RunIdentity) -> String? {
    func value(_ name: String, in identity: RunIdentity) -> String? {
      identity.fields.first { $0.name == name }?.value
    }
    let names = fields.map(\.name) + earlier.fields.map(\.name)
    for name in names {
      let (was, now) = (value(name, in: earlier), value(name, in: self))
      if was != now { return "\(name) \(was ?? "none"), and here it is \(now ?? "none")" }
    }
    return nil
  }
}
