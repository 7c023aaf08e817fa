import FluxionCalculus

extension Initializer: CustomStringConvertible {
  /// As ``named(_:)`` reads it.
  public var description: String {
    switch self {
    case .fanInUniform: "fan-in-uniform"
    case .glorotUniform: "glorot-uniform"
    case .glorotNormal: "glorot-normal"
    case .heUniform: "he-uniform"
    case .heNormal: "he-normal"
    case .normal(let standardDeviation): "normal:\(standardDeviation)"
    case .constant(let value): value == 0 ? "zeros" : "constant:\(value)"
    }
  }

  /// The initialiser of a name: `fan-in-uniform`, `glorot-uniform`, `glorot-normal`, `he-uniform`, `he-normal`,
  /// `normal:<standard deviation>`, `zeros` or `constant:<value>`.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known one.
  public static func named(_ text: String) throws -> Initializer {
    let plain: [Initializer] = [.fanInUniform, .glorotUniform, .glorotNormal, .heUniform, .heNormal, .zeros]
    if let initializer = plain.first(where: { $0.description == text }) { return initializer }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let value = parts.count == 2 ? Float(parts[1]).flatMap { $0.isFinite ? $0 : nil } : nil
    switch (parts.first, value) {
    case ("normal", let value?) where value >= 0: return .normal(standardDeviation: value)
    case ("constant", let value?): return .constant(value)
    case ("normal", _), ("constant", _):
      throw FluxionError(
        .invalidConfiguration, "initialiser \"\(text.shortened)\" needs a number, as in normal:0.02 or constant:1")
    default:
      throw FluxionError(
        .invalidConfiguration,
        unknownName(text, "initialiser", among: plain.map(\.description) + ["normal:<deviation>", "constant:<value>"]))
    }
  }

  /// The argument that sets it, unless it is the layer's default.
  func argument(_ fallback: Initializer) -> String? { self == fallback ? nil : "initializer=\(self)" }
}
