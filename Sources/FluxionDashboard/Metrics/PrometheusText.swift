/// Metrics in Prometheus' text exposition format, version 0.0.4.
///
/// ```swift
/// var text = PrometheusText()
/// text.family("fluxion_parties", .gauge, "Parties of the federation.") { $0.sample(10) }
/// text.text  // # HELP …, # TYPE …, fluxion_parties 10
/// ```
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>; names by
/// <https://prometheus.io/docs/practices/naming/>: base units, `_total` for what only grows.
struct PrometheusText {
  enum Kind: String { case counter, gauge, summary }

  private(set) var text = ""

  /// One metric, with all its samples.
  mutating func family(_ name: String, _ kind: Kind, _ help: String, _ body: (inout Family) -> Void) {
    var family = Family(name: name)
    body(&family)
    guard !family.text.isEmpty else { return }
    let words = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    text += "# HELP \(name) \(words)\n# TYPE \(name) \(kind.rawValue)\n" + family.text
  }

  struct Family {
    fileprivate let name: String
    fileprivate var text = ""

    /// - Parameter suffix: such as `_sum` of a summary.
    mutating func sample(_ value: Double?, _ labels: KeyValuePairs<String, String> = [:], suffix: String = "") {
      guard let value else { return }
      let pairs = labels.map { "\($0.key)=\"\(PrometheusText.escaped($0.value))\"" }
      text += name + suffix + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}")
      text += " \(PrometheusText.number(value))\n"
    }

    mutating func sample(_ value: Int, _ labels: KeyValuePairs<String, String> = [:], suffix: String = "") {
      sample(Double(value), labels, suffix: suffix)
    }
  }

  /// A label's value.
  static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int(exactly: value).map(String.init) ?? value.description
  }
}
