import FluxionCalculus

extension Schedule: CustomStringConvertible {
  /// As ``named(_:)`` reads it.
  public var description: String {
    switch self {
    case .constant: "constant"
    case .step(let every, let factor): "step:\(every),\(factor)"
    case .exponential(let factor): "exponential:\(factor)"
    case .cosine(let length, let minimum): minimum == 0 ? "cosine:\(length)" : "cosine:\(length),\(minimum)"
    case .inverseSquareRoot(let warmup): "inverse-sqrt:\(warmup)"
    case .warmup(let steps, let then): then == .constant ? "warmup:\(steps)" : "warmup:\(steps)+\(then)"
    case .onPlateau(let factor, let patience, let threshold):
      threshold == 1e-4 ? "plateau:\(factor),\(patience)" : "plateau:\(factor),\(patience),\(threshold)"
    }
  }
}

extension Schedule: Codable {
  public init(from decoder: any Decoder) throws {
    self = try Self.named(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Schedule {
  /// The schedule that a text describes:
  ///
  ///     schedule  = ["warmup:" steps "+"] shape | "warmup:" steps
  ///     shape     = "constant"
  ///               | "step:" every "," factor
  ///               | "exponential:" factor
  ///               | "cosine:" length ["," minimum]         minimum as a share of the base value
  ///               | "inverse-sqrt:" warmup
  ///               | "plateau:" factor "," patience ["," threshold]
  ///
  /// Lengths after `+` count from the end of the warm-up.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known name or says which number is
  ///   wrong.
  public static func named(_ text: String) throws -> Schedule {
    let halves = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    let parts = (halves.first ?? "").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "").trimmed
    guard names.contains(name) else {
      throw FluxionError(.invalidConfiguration, unknownName(name, "schedule", among: names))
    }
    var arguments = try Arguments(parts.count == 2 ? parts[1] : "", of: "schedule \(name)")
    let schedule = try read(name, &arguments)
    try arguments.finish()
    guard halves.count == 2 else { return schedule }
    guard case .warmup(let steps, _) = schedule else {
      throw FluxionError(
        .invalidConfiguration,
        "only a warm-up goes before another schedule, as in warmup:5+cosine:100; "
          + "\"\(text.shortened)\" begins with \(name)")
    }
    let then = try named(String(halves[1]))
    if case .warmup = then {
      throw FluxionError(.invalidConfiguration, "schedule \"\(text.shortened)\" warms up twice; once is enough")
    }
    return .warmup(steps, then: then)
  }

  /// The names ``named(_:)`` knows.
  public static let names = ["constant", "step", "exponential", "cosine", "inverse-sqrt", "warmup", "plateau"]

  private static func read(_ name: String, _ arguments: inout Arguments) throws -> Schedule {
    switch name {
    case "step":
      return .step(every: try arguments.count("every"), factor: try arguments.factor("factor"))
    case "exponential": return .exponential(factor: try arguments.factor("factor"))
    case "cosine":
      return .cosine(length: try arguments.count("length"), minimum: try arguments.share("minimum", default: 0))
    case "inverse-sqrt": return .inverseSquareRoot(warmup: try arguments.count("warmup"))
    case "warmup": return .warmup(try arguments.count("steps"))
    case "plateau":
      return .onPlateau(
        factor: try arguments.share("factor"), patience: try arguments.count("patience", from: 0),
        threshold: try arguments.share("threshold", default: 1e-4))
    default: return .constant
    }
  }
}

extension Arguments {
  /// A whole number not below `minimum`.
  mutating func count(_ name: String, from minimum: Int = 1, default fallback: Int? = nil) throws -> Int {
    let value = try integer(name, default: fallback)
    guard value >= minimum else { throw invalid("needs at least \(minimum) as \(name), not \(value)") }
    return value
  }

  /// A positive number.
  mutating func factor(_ name: String) throws -> Double {
    let value = try double(name, default: nil)
    guard value > 0 else { throw invalid("needs a positive number as \(name), not \(value)") }
    return value
  }

  /// A number from 0 to 1.
  mutating func share(_ name: String, default fallback: Double? = nil) throws -> Double {
    let value = try double(name, default: fallback)
    guard (0...1).contains(value) else { throw invalid("needs a number from 0 to 1 as \(name), not \(value)") }
    return value
  }

  private mutating func double(_ name: String, default fallback: Double?) throws -> Double {
    guard let text = take(name) else {
      guard let fallback else { throw invalid("needs \(name)") }
      return fallback
    }
    guard let value = Double(text), value.isFinite else {
      throw invalid("needs a number as \(name), not \"\(text.shortened)\"")
    }
    return value
  }
}
