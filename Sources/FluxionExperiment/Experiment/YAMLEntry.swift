import FluxionCalculus
import Foundation
import Yams

/// One `name: value` of a YAML file, and where it stands.
struct YAMLEntry {
  let name: String
  let value: Node
  let file: String
  /// `line 3 of experiment.yaml`
  let place: String

  /// The most bytes a file may have.
  private static let byteLimit = 1 << 20

  /// Reads a file of settings.
  ///
  /// - Parameter kind: What the file is, for messages.
  /// - Throws: `.notFound` without a readable file, `.invalidConfiguration` for one that is no text or too long.
  static func text(ofFile path: String, kind: String) throws -> String {
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
    let article = "aeiou".contains(kind.prefix(1)) ? "an" : "a"
    guard size <= byteLimit else {
      throw FluxionError(
        .invalidConfiguration, "\(path) has \(size) bytes; \(article) \(kind) has at most \(byteLimit)")
    }
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw FluxionError(.notFound, "the \(kind) \(path) cannot be read; name a YAML file")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw FluxionError(
        .invalidConfiguration, "\(path) is no text in UTF-8; \(article) \(kind) is a YAML file")
    }
    return text
  }

  /// The entries of a text, in their order; none of an empty one.
  ///
  /// - Parameter name: What errors call the text.
  /// - Throws: `.invalidConfiguration`, with the line, for text that is no YAML or no mapping.
  static func all(of yaml: String, name: String) throws -> [YAMLEntry] {
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw FluxionError(.invalidConfiguration, "\(name) is no YAML: \(sentence(error))")
    }
    guard let root else { return [] }
    if case .scalar(let scalar) = root, scalar.string.isEmpty { return [] }
    guard case .mapping(let mapping) = root else {
      throw FluxionError(.invalidConfiguration, "\(name) holds no settings; write one \"name: value\" a line")
    }
    return try all(of: mapping, file: name)
  }

  private static func all(of mapping: Node.Mapping, file: String) throws -> [YAMLEntry] {
    try mapping.map { key, value in
      let place = "line \(key.mark?.line ?? 0) of \(file)"
      guard case .scalar(let name) = key else {
        throw FluxionError(.invalidConfiguration, "\(place) has no name for a setting; write \"name: value\"")
      }
      return YAMLEntry(name: name.string, value: value, file: file, place: place)
    }
  }

  /// The value where it is a single one.
  ///
  /// - Throws: `.invalidConfiguration` for a list or a mapping.
  func text() throws -> String {
    guard case .scalar(let text) = value else {
      throw FluxionError(
        .invalidConfiguration, "\"\(name)\" (\(place)) takes one value, not a list or a mapping")
    }
    return text.string
  }

  /// The entries of the value where it is a mapping, `rule` else.
  func entries(_ rule: String) throws -> [YAMLEntry] {
    try Self.entries(of: value, in: file, orElse: "\"\(name)\" (\(place)) \(rule)")
  }

  /// The elements of the value where it is a list, `rule` else.
  func elements(_ rule: String) throws -> [Node] {
    guard case .sequence(let elements) = value else {
      throw FluxionError(.invalidConfiguration, "\"\(name)\" (\(place)) \(rule)")
    }
    return Array(elements)
  }

  /// The entries of a node that is a mapping.
  static func entries(of node: Node, in file: String, orElse sentence: String) throws -> [YAMLEntry] {
    guard case .mapping(let mapping) = node else { throw FluxionError(.invalidConfiguration, sentence) }
    return try all(of: mapping, file: file)
  }

  private static func sentence(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "line \(mark.line): \(problem)"
    case .duplicatedKeysInMapping(let keys, let context):
      "line \(context.mark.line): \(keys.map { "\"\($0)\"" }.joined(separator: ", ")) is set twice"
    case .reader(let problem, _, _, _): problem
    default: "it cannot be parsed"
    }
  }
}
