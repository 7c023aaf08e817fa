import Foundation

/// Command lines that a shell reads as they are meant.
package enum ShellText {
  /// The words with spaces between them, quoted where they must be.
  package static func line(_ words: [String]) -> String {
    words.map { word in
      let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+".contains($0) }
      return isPlain ? word : "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
    }.joined(separator: " ")
  }
}

extension Experiment {
  /// The command line that makes the same run, with what differs from the defaults; the output directory is the
  /// tool's to choose.
  var command: String {
    var plain = self
    plain.output = nil
    let defaults = Experiment()
    let flags = Self.settings.flatMap { setting -> [String] in
      guard let scalar = setting.scalar(plain), scalar != setting.scalar(defaults) else { return [] }
      if case .flag(let isOn) = scalar { return ["--\(isOn ? "" : "no-")\(setting.flag)"] }
      return ["--\(setting.flag)", scalar.text]
    }
    return ShellText.line(["fluxion", "simulate"] + flags)
  }
}
