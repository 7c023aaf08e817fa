import FluxionCalculus

/// A model as text, to be recorded and read back.
///
/// Layers are separated by semicolons, settings stand in parentheses by position or by name, and what is left out has
/// its default; models nest as `model(…)`:
///
///     conv2d(32, 5, padding=same); relu; max_pool2d(2); flatten; dense(512); relu; dense(10)
///
/// ```swift
/// let text = ModelSpecification(.mlp(hidden: [200], classes: 10)).text  // flatten; dense(200); relu; dense(10)
/// let model = try ModelSpecification(text).model()
/// ```
public struct ModelSpecification: Hashable, Sendable, Codable {
  public let text: String

  /// What a model is made of. A layer that is not Fluxion's own is written by its name and cannot be read back.
  public init(_ model: Model) { text = model.layers.map(\.specification).joined(separator: "; ") }

  public init(_ text: String) { self.text = text }

  public init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  /// The model that the text describes.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that says what cannot be read; for a name that is not known,
  ///   with the nearest one.
  public func model() throws -> Model {
    guard text.utf8.count <= Self.maximumLength else {
      throw FluxionError(
        .invalidConfiguration, "a model is described in at most \(Self.maximumLength) bytes, not \(text.utf8.count)")
    }
    return try Self.read(text[...], depth: 0)
  }

  private static let maximumLength = 65_536
  /// How deep models may stand in models; the reader is recursive.
  private static let maximumDepth = 32

  private static func read(_ text: Substring, depth: Int) throws -> Model {
    guard depth <= maximumDepth else {
      throw FluxionError(.invalidConfiguration, "models are nested at most \(maximumDepth) deep")
    }
    guard !text.trimmed.isEmpty else { return Model([]) }
    return Model(try layers(in: text).map { try readLayer($0, depth: depth) })
  }

  /// The pieces between semicolons that are not in parentheses.
  private static func layers(in text: Substring) throws -> [Substring] {
    var (pieces, start, open) = ([Substring](), text.startIndex, 0)
    for index in text.indices {
      switch text[index] {
      case "(": open += 1
      case ")": open -= 1
      case ";" where open == 0:
        pieces.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
      guard open >= 0 else { break }
    }
    guard open == 0 else {
      throw FluxionError(.invalidConfiguration, "the parentheses of \"\(text.shortened)\" do not match")
    }
    return pieces + [text[start...]]
  }

  private static func readLayer(_ text: Substring, depth: Int) throws -> any Layer {
    let layer = text.trimmed
    let opening = layer.firstIndex(of: "(") ?? layer.endIndex
    let name = layer[..<opening].trimmed
    guard opening == layer.endIndex || layer.last == ")" else {
      throw FluxionError(.invalidConfiguration, "layer \"\(layer.shortened)\" goes on after its closing parenthesis")
    }
    let inner = opening == layer.endIndex ? "" : layer[opening...].dropFirst().dropLast()
    if name == "model" { return try read(inner, depth: depth + 1) }
    guard let form = LayerForm.all.first(where: { $0.name == name }) else {
      throw FluxionError(
        .invalidConfiguration, unknownName(name, "layer", among: LayerForm.all.map(\.name) + ["model"]))
    }
    var arguments = try Arguments(inner, of: "layer \(name)")
    let result = try form.read(&arguments)
    try arguments.finish()
    return result
  }
}

extension ModelSpecification: CustomStringConvertible {
  public var description: String { text }
}
