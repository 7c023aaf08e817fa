import FluxionCalculus
import Foundation
import Yams

extension Experiment {
  /// The most bytes an experiment file may have.
  private static let byteLimit = 1 << 20

  /// Reads an experiment file.
  ///
  /// - Throws: `.notFound` without a readable file; else as ``init(yaml:name:)``.
  public init(contentsOf path: String) throws {
    let url = URL(fileURLWithPath: path)
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
    guard size <= Self.byteLimit else {
      throw FluxionError(
        .invalidConfiguration, "\(path) has \(size) bytes; an experiment has at most \(Self.byteLimit)")
    }
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw FluxionError(.notFound, "the experiment \(path) cannot be read; name a YAML file")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw FluxionError(.invalidConfiguration, "\(path) is no text in UTF-8; an experiment is a YAML file")
    }
    try self.init(yaml: text, name: path)
  }

  /// Reads settings, one `name: value` a line; hyphenated names are accepted too. What is left out keeps its default.
  ///
  /// - Parameter name: What errors call the text.
  /// - Throws: `.invalidConfiguration`, with the line, for text that is no YAML, an unknown name (and the nearest known
  ///   one), a name given twice, or a value that is not right.
  public init(yaml: String, name: String = "experiment.yaml") throws {
    self.init()
    guard let root = try Self.compose(yaml, name: name) else { return }
    if case .scalar(let scalar) = root, scalar.string.isEmpty { return }
    guard case .mapping(let mapping) = root else {
      throw FluxionError(.invalidConfiguration, "\(name) holds no settings; write one \"name: value\" a line")
    }
    var seen: Set<String> = []
    for (key, value) in mapping {
      let place = "line \(key.mark?.line ?? 0) of \(name)"
      guard case .scalar(let keyText) = key else {
        throw FluxionError(.invalidConfiguration, "\(place) has no name for a setting; write \"name: value\"")
      }
      guard let setting = Self.setting(named: keyText.string) else {
        throw Self.unknown(keyText.string, at: " (\(place))")
      }
      guard seen.insert(setting.name).inserted else {
        throw FluxionError(.invalidConfiguration, "\(place) sets \"\(keyText.string)\" a second time; once is enough")
      }
      guard case .scalar(let text) = value else {
        throw FluxionError(
          .invalidConfiguration, "\"\(keyText.string)\" (\(place)) takes one value, not a list or a mapping")
      }
      do {
        try setting.read(text.string, &self)
      } catch let error as FluxionError {
        throw FluxionError(error.code, "\(error.message) (\(place))")
      }
    }
  }

  private static func compose(_ yaml: String, name: String) throws -> Node? {
    do {
      return try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw FluxionError(.invalidConfiguration, "\(name) is no YAML: \(sentence(error))")
    }
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

  /// The settings as an experiment file has them, without those that are nil.
  public var yaml: String {
    Self.settings.compactMap { setting in
      setting.scalar(self).map { scalar in
        switch scalar {
        case .text(let text): "\(setting.name): \(Self.quoted(text))"
        case .integer(let number): "\(setting.name): \(number)"
        case .unsigned(let number): "\(setting.name): \(number)"
        case .number(let number): "\(setting.name): \(number)"
        case .flag(let flag): "\(setting.name): \(flag)"
        }
      }
    }.joined(separator: "\n") + "\n"
  }

  /// Text that YAML might take for something else stands in quotes.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./,".contains($0)) }
    guard !isPlain || text.hasPrefix("-") else { return text }
    return "'\(text.replacingOccurrences(of: "'", with: "''"))'"
  }
}
