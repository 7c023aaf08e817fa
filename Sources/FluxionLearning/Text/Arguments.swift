import FluxionCalculus

/// The arguments of a call in text, such as `32, 5, padding=same`: values by position first, then by name.
///
/// Each `take` removes what it read; ``finish()`` refuses what is left, so that nothing is silently ignored.
struct Arguments {
  /// What the arguments belong to, for errors.
  let owner: String
  private var positional: [String] = []
  private var named: [(name: String, value: String)] = []
  private var known: [String] = []

  /// - Parameter text: comma-separated, `value` or `name=value`.
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` for an empty argument, one given twice, or a position after
  ///   a name.
  init(_ text: Substring, of owner: String) throws {
    self.owner = owner
    guard !text.allSatisfy(\.isWhitespace) else { return }
    for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
      guard parts.allSatisfy({ !$0.isEmpty }) else { throw invalid("has an empty argument in \"\(text.shortened)\"") }
      if parts.count == 2 {
        guard !named.contains(where: { $0.name == parts[0] }) else { throw invalid("is given \(parts[0]) twice") }
        named.append((parts[0], parts[1]))
      } else {
        guard named.isEmpty else { throw invalid("needs values without a name before \"\(named[0].name)=\"") }
        positional.append(parts[0])
      }
    }
  }

  /// The next positional value, or the one of the name; nil if there is neither.
  mutating func take(_ name: String) -> String? {
    known.append(name)
    if let index = named.firstIndex(where: { $0.name == name }) { return named.remove(at: index).value }
    return positional.isEmpty ? nil : positional.removeFirst()
  }

  /// The value of the name; nil if it is not there.
  mutating func takeNamed(_ name: String) -> String? {
    known.append(name)
    return named.firstIndex { $0.name == name }.map { named.remove(at: $0).value }
  }

  mutating func integer(_ name: String, default fallback: Int? = nil) throws -> Int {
    guard let text = take(name) else { return try required(fallback, name) }
    guard let value = Int(text) else { throw invalid("needs a whole number as \(name), not \"\(text.shortened)\"") }
    return value
  }

  mutating func number(_ name: String, default fallback: Float? = nil) throws -> Float {
    guard let text = take(name) else { return try required(fallback, name) }
    guard let value = Float(text), value.isFinite else {
      throw invalid("needs a number as \(name), not \"\(text.shortened)\"")
    }
    return value
  }

  mutating func flag(_ name: String, default fallback: Bool) throws -> Bool {
    switch takeNamed(name) {
    case nil: return fallback
    case "true": return true
    case "false": return false
    case let text?: throw invalid("needs true or false as \(name), not \"\(text.shortened)\"")
    }
  }

  /// Whether every argument was read.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the first that was not.
  func finish() throws {
    if let extra = named.first { throw invalid(unknownName(extra.name, "argument", among: known)) }
    if let extra = positional.first {
      throw invalid(
        "takes \(known.isEmpty ? "no arguments" : known.joined(separator: ", ")); "
          + "\"\(extra.shortened)\" is too many")
    }
  }

  func invalid(_ problem: String) -> FluxionError {
    FluxionError(.invalidConfiguration, "\(owner) \(problem)")
  }

  private func required<Value>(_ value: Value?, _ name: String) throws -> Value {
    guard let value else { throw invalid("needs \(name)") }
    return value
  }
}

extension StringProtocol {
  /// Without white space at both ends.
  var trimmed: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  /// Short enough for a message.
  var shortened: String { count > 60 ? "\(prefix(60))…" : String(self) }
}
