import FluxionCalculus
import Foundation

extension Experiment {
  /// Reads an experiment file.
  ///
  /// - Throws: `.notFound` without a readable file; else as ``init(yaml:name:)``.
  public init(contentsOf path: String) throws {
    try self.init(yaml: YAMLEntry.text(ofFile: path, kind: "experiment"), name: path)
  }

  /// Reads settings, one `name: value` a line; hyphenated names are accepted too. What is left out keeps its default.
  ///
  /// - Parameter name: What errors call the text.
  /// - Throws: `.invalidConfiguration`, with the line, for text that is no YAML, an unknown name (and the nearest known
  ///   one), a name given twice, or a value that is not right.
  public init(yaml: String, name: String = "experiment.yaml") throws {
    self.init()
    try set(YAMLEntry.all(of: yaml, name: name))
  }

  /// Sets what the entries say.
  ///
  /// - Parameter others: Names that may stand beside settings, for "did you mean".
  /// - Throws: as ``init(yaml:name:)``.
  mutating func set(_ entries: [YAMLEntry], besides others: [String] = []) throws {
    var seen: Set<String> = []
    for entry in entries {
      guard let setting = Self.setting(named: entry.name) else {
        throw Self.unknown(entry.name, at: " (\(entry.place))", besides: others)
      }
      guard seen.insert(setting.name).inserted else {
        throw FluxionError(
          .invalidConfiguration, "\(entry.place) sets \"\(entry.name)\" a second time; once is enough")
      }
      let text = try entry.text()
      do {
        try setting.read(text, &self)
      } catch let error as FluxionError {
        throw FluxionError(error.code, "\(error.message) (\(entry.place))")
      }
    }
  }

  /// The settings as an experiment file has them, without those that are nil.
  public var yaml: String {
    Self.settings.compactMap { setting in
      setting.scalar(self).map { scalar in
        switch scalar {
        case .text(let text): "\(setting.name): \(Self.quoted(text))"
        default: "\(setting.name): \(scalar.text)"
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
