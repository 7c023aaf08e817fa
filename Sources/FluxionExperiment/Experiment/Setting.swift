import FluxionCalculus

/// One thing that can be set: its name in Swift and YAML (and, hyphenated, as a flag), what it takes, and where it lies.
package struct Setting: Sendable {
  /// A value as YAML and JSON have it.
  enum Scalar: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case unsigned(UInt64)
    case number(Double)
    case flag(Bool)

    /// As a flag or a line of YAML gives it.
    var text: String {
      switch self {
      case .text(let text): text
      case .integer(let number): "\(number)"
      case .unsigned(let number): "\(number)"
      case .number(let number): "\(number)"
      case .flag(let flag): "\(flag)"
      }
    }
  }

  package let name: String
  /// What stands for the value in help: `N`, `DIR`, `samples | uniform`.
  package let placeholder: String
  package let help: String
  let read: @Sendable (String, inout Experiment) throws -> Void
  /// nil where nothing is set.
  let scalar: @Sendable (Experiment) -> Scalar?

  /// The name as a flag without its hyphens: `learning-rate`.
  package var flag: String { Self.hyphenated(name) }

  static func hyphenated(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
      if letter.isUppercase { text += "-" }
      text += letter.lowercased()
    }
  }
}

/// How a setting's text is read and written; `rule` says what is right.
struct SettingForm<Value: Sendable>: Sendable {
  let rule: String
  /// The names to choose from, where there are such.
  var known: [String] = []
  let read: @Sendable (String) throws -> Value?
  let scalar: @Sendable (Value) -> Setting.Scalar

  func value(_ text: String, for name: String) throws -> Value {
    guard let value = try read(text) else {
      let hint = nearest(text, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      throw FluxionError(
        .invalidConfiguration, "\(Setting.hyphenated(name)) takes \(rule); it was given \"\(text)\"\(hint)")
    }
    return value
  }
}

extension Setting {
  init<Value>(
    _ name: String, _ path: any WritableKeyPath<Experiment, Value> & Sendable, _ form: SettingForm<Value>,
    _ placeholder: String, _ help: String
  ) {
    self.init(
      name: name, placeholder: placeholder, help: help,
      read: { $1[keyPath: path] = try form.value($0, for: name) },
      scalar: { form.scalar($0[keyPath: path]) })
  }

  init<Value>(
    optional name: String, _ path: any WritableKeyPath<Experiment, Value?> & Sendable, _ form: SettingForm<Value>,
    _ placeholder: String, _ help: String
  ) {
    self.init(
      name: name, placeholder: placeholder, help: help,
      read: { $1[keyPath: path] = try form.value($0, for: name) },
      scalar: { $0[keyPath: path].map(form.scalar) })
  }
}

extension SettingForm where Value == Int {
  static func integer(atLeast least: Int) -> SettingForm {
    SettingForm(
      rule: "a whole number of at least \(least)", read: { Int($0).flatMap { $0 >= least ? $0 : nil } },
      scalar: { .integer($0) })
  }
}

extension SettingForm where Value == UInt64 {
  static let seed = SettingForm(
    rule: "a whole number from 0 to \(UInt64.max)", read: { UInt64($0) }, scalar: { .unsigned($0) })
}

extension SettingForm where Value == Double {
  static func number(_ rule: String, where holds: @escaping @Sendable (Double) -> Bool) -> SettingForm {
    SettingForm(
      rule: rule, read: { Double($0).flatMap { $0.isFinite && holds($0) ? $0 : nil } }, scalar: { .number($0) })
  }
}

extension SettingForm where Value == Double {
  /// A time to wait: `2.5`, `90s`, `10m` or `2h`.
  static let seconds = SettingForm(
    rule: "a time above 0 and up to 1e9 seconds, such as 2.5, 90s, 10m or 2h",
    read: { text in
      let units: [Substring: Double] = ["s": 1, "m": 60, "h": 3600]
      let unit = units[text.suffix(1)]
      let number = Double(unit == nil ? text : String(text.dropLast()))
      return number.map { $0 * (unit ?? 1) }.flatMap { $0 > 0 && $0 <= 1e9 ? $0 : nil }
    }, scalar: { .number($0) })
}

extension SettingForm where Value == Bool {
  static let flag = SettingForm(
    rule: "true or false", read: { ["true": true, "false": false][$0.lowercased()] }, scalar: { .flag($0) })
}

extension SettingForm where Value == String {
  static func text(_ rule: String) -> SettingForm {
    SettingForm(rule: rule, read: { $0.isEmpty ? nil : $0 }, scalar: { .text($0) })
  }
}

extension SettingForm where Value: CustomStringConvertible {
  /// A value that reads its own text and says itself what is wrong with it.
  static func parsed(_ parse: @escaping @Sendable (String) throws -> Value) -> SettingForm {
    SettingForm(rule: "", read: parse, scalar: { .text($0.description) })
  }
}

extension SettingForm where Value: NamedChoice {
  static var choice: SettingForm {
    let names = Value.allCases.map(\.rawValue)
    return SettingForm(
      rule: "one of \(names.joined(separator: ", "))", known: names,
      read: { Value(rawValue: $0) }, scalar: { .text($0.rawValue) })
  }
}
