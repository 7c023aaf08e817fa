import Foundation

/// Where lines are written to: how wide it is, whether they can be overwritten, whether colours are wanted.
package struct TerminalStyle: Sendable, Equatable {
  /// In columns.
  package var width: Int
  package var isTTY: Bool
  package var hasColour: Bool

  package init(width: Int = 80, isTTY: Bool, hasColour: Bool? = nil) {
    self.width = max(20, width)
    self.isTTY = isTTY
    self.hasColour = hasColour ?? isTTY
  }

  /// What a file descriptor is. No colours where `NO_COLOR` is set (<https://no-color.org>) or `TERM` is `dumb`; a
  /// dumb terminal cannot overwrite a line either.
  package static func current(
    descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> TerminalStyle {
    let isTTY = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
    var size = winsize()
    var width = 80
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      width = Int(size.ws_col)
    } else if let columns = environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 {
      width = min(columns, 1000)
    }
    return TerminalStyle(width: width, isTTY: isTTY, hasColour: isTTY && (environment["NO_COLOR"] ?? "").isEmpty)
  }

  package enum Colour: String, Sendable {
    case bold = "1"
    case faint = "2"
    case green = "32"
    case blue = "34"
    case yellow = "33"
    case red = "31"
  }

  package func paint(_ text: String, _ colour: Colour?) -> String {
    guard hasColour, let colour else { return text }
    return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
  }
}

/// Columns that text takes, and blocks to draw with.
package enum TerminalText {
  /// The number of columns, without escape sequences; wide characters (CJK, emoji) take two.
  package static func width(_ text: String) -> Int {
    var columns = 0
    var isEscape = false
    for character in text {
      if isEscape {
        if character.isLetter { isEscape = false }
      } else if character == "\u{1b}" {
        isEscape = true
      } else {
        columns += width(of: character)
      }
    }
    return columns
  }

  /// The text, or its beginning and "…", in at most so many columns. For text without escape sequences.
  package static func cut(_ text: String, to columns: Int) -> String {
    guard width(text) > columns else { return text }
    guard columns > 0 else { return "" }
    var result = ""
    var used = 0
    for character in text {
      let next = width(of: character)
      if used + next > columns - 1 { break }
      result.append(character)
      used += next
    }
    return result + "…"
  }

  /// Names and the like from outside on one line: no control characters, thus no escape sequences.
  package static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{fffd}" : $0 }))
  }

  /// A bar of up to `columns` columns, in eighths of one; the rest is filled with spaces.
  package static func bar(_ fraction: Double, columns: Int) -> String {
    let share = fraction.isFinite ? max(0, min(1, fraction)) : 0
    let eighths = Int((share * Double(8 * columns)).rounded())
    let full = eighths / 8
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    let drawn = String(repeating: "█", count: full) + rest
    return drawn + String(repeating: " ", count: columns - full - (rest.isEmpty ? 0 : 1))
  }

  /// One block a value, as high as the value lies between the least and the greatest; a space where it is not finite.
  package static func sparkline(_ values: some Collection<Double>) -> String {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return String(repeating: " ", count: values.count) }
    return values.reduce(into: "") { result, value in
      result += value.isFinite ? block(high > low ? (value - low) / (high - low) : 0.5) : " "
    }
  }

  /// A block as high as the fraction.
  static func block(_ fraction: Double) -> String {
    let blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    return blocks[Int((max(0, min(1, fraction)) * 7).rounded())]
  }

  private static func width(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x200b...0x200f: return 0
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }
}
