import FluxionCalculus
import Foundation
import Yams

extension Comparison {
  /// The names that a comparison file has at its top.
  private static let names = ["name", "base", "seeds", "variants"]

  /// Reads a comparison file.
  ///
  /// - Throws: `.notFound` without a readable file; else as ``init(yaml:name:)``.
  public init(contentsOf path: String) throws {
    try self.init(yaml: YAMLEntry.text(ofFile: path, kind: "comparison"), name: path)
  }

  /// Reads a comparison: `variants`, each a `name`, perhaps a `group`, and settings; `base`, the settings that they
  /// begin with; `seeds`; and the comparison's own `name`.
  ///
  /// ```yaml
  /// name: Two learning rates
  /// base: { data: digits, rounds: 10 }
  /// seeds: [1, 2, 3]
  /// variants:
  ///   - { name: "0.05", learningRate: 0.05 }
  ///   - { name: "0.005", learningRate: 0.005 }
  /// ```
  ///
  /// - Parameter name: What errors call the text.
  /// - Throws: `.invalidConfiguration`, with the line, for what is wrong with a setting as
  ///   ``Experiment/init(yaml:name:)``.
  public init(yaml: String, name file: String = "comparison.yaml") throws {
    var name: String?
    var seeds: [UInt64]?
    var base = Experiment()
    var hasBaseSeed = false
    var listed: (entry: YAMLEntry, variants: [Node])?
    for entry in try YAMLEntry.all(of: yaml, name: file) {
      switch entry.name {
      case "name": name = try entry.text()
      case "seeds": seeds = try Self.seeds(entry)
      case "base":
        let entries = try entry.entries("takes settings, as in base: { data: digits, rounds: 10 }")
        try base.set(entries)
        hasBaseSeed = entries.contains { $0.name == "seed" }
      case "variants":
        listed = (entry, try entry.elements("takes a list, each with a name and settings, as in - name: FedAvg"))
      default: throw Self.unknown(entry)
      }
    }
    guard let listed else {
      throw FluxionError(.invalidConfiguration, "\(file) has no variants; list them, each with a name and settings")
    }
    guard seeds == nil || !hasBaseSeed else {
      throw FluxionError(.invalidConfiguration, "\(file) has seeds and a seed in its base; leave out one of them")
    }
    let variants = try listed.variants.enumerated().map { index, node in
      try Self.variant(node, number: index + 1, of: listed.entry, base: base)
    }
    self.init(
      name: name ?? Self.name(of: variants), variants: variants, seeds: seeds ?? [base.seed], output: base.output)
  }

  private static func unknown(_ entry: YAMLEntry) -> FluxionError {
    if Experiment.setting(named: entry.name) != nil {
      return FluxionError(
        .invalidConfiguration,
        "\"\(entry.name)\" (\(entry.place)) is a setting; it stands in base, for all variants, or in one of the variants"
      )
    }
    let hint = nearest(entry.name, among: names).map { "; did you mean \"\($0)\"?" } ?? ";"
    return FluxionError(
      .invalidConfiguration,
      "a comparison has no \"\(entry.name)\" (\(entry.place))\(hint) it has \(names.joined(separator: ", "))")
  }

  private static func variant(
    _ node: Node, number: Int, of list: YAMLEntry, base: Experiment
  ) throws -> Variant {
    let place = node.mark.map { "line \($0.line) of \(list.file)" } ?? list.place
    let entries = try YAMLEntry.entries(
      of: node, in: list.file, orElse: "variant \(number) (\(place)) takes a name and settings, as in - name: FedAvg")
    var variant = Variant("", base)
    var settings: [YAMLEntry] = []
    for entry in entries {
      switch entry.name {
      case "name": variant.name = try entry.text()
      case "group": variant.group = try entry.text()
      case "seed", "seeds", "output":
        throw FluxionError(
          .invalidConfiguration,
          "\"\(entry.name)\" (\(entry.place)) is the same for all variants; write seeds: [1, 2, 3] at the top, and output "
            + "in base")
      default:
        // `{ name: slow, 10 times }` is two entries to YAML.
        if entry.value.null != nil, Experiment.setting(named: entry.name) == nil {
          throw FluxionError(
            .invalidConfiguration,
            "\"\(entry.name)\" (\(entry.place)) has no value; a name with a comma stands in quotes")
        }
        settings.append(entry)
      }
    }
    try variant.experiment.set(settings, besides: ["name", "group"])
    guard !variant.name.isEmpty else {
      throw FluxionError(.invalidConfiguration, "variant \(number) (\(place)) has no name; write name: and what it is")
    }
    return variant
  }

  private static func seeds(_ entry: YAMLEntry) throws -> [UInt64] {
    guard case .sequence(let elements) = entry.value else { return try seeds(entry.text(), at: " (\(entry.place))") }
    let texts = try elements.map { element in
      guard case .scalar(let scalar) = element else {
        throw FluxionError(.invalidConfiguration, "seeds (\(entry.place)) takes whole numbers, as in [1, 2, 3]")
      }
      return scalar.string
    }
    return try seeds(texts.joined(separator: ","), at: " (\(entry.place))")
  }

  /// Reads seeds with commas between them, `1,2,3`.
  ///
  /// - Throws: `.invalidConfiguration` for anything else.
  package static func seeds(_ text: String, at place: String = "") throws -> [UInt64] {
    let texts = text.split(separator: ",", omittingEmptySubsequences: false)
    let seeds = texts.compactMap { UInt64($0.trimmingCharacters(in: .whitespaces)) }
    guard seeds.count == texts.count else {
      throw FluxionError(
        .invalidConfiguration,
        "seeds takes whole numbers from 0 to \(UInt64.max) with commas between them; it was given \"\(text)\"\(place)")
    }
    return seeds
  }
}

// What needs no file of its own.
extension Comparison {
  /// Algorithms over one base.
  ///
  /// - Parameter algorithms: names with commas between them.
  /// - Throws: `.invalidConfiguration` for a name that is none, with the nearest.
  package init(base: Experiment, algorithms: String, seeds: [UInt64]? = nil) throws {
    let variants = try algorithms.split(separator: ",", omittingEmptySubsequences: false).map { text in
      let name = text.trimmingCharacters(in: .whitespaces)
      var experiment = base
      try experiment.set("algorithm", to: name)
      return Variant(name, experiment)
    }
    self.init(
      name: "\(Self.name(of: variants)) on \(base.data)", variants: variants, seeds: seeds ?? [base.seed],
      output: base.output)
  }

  /// Experiment files as variants, named after the files.
  ///
  /// - Throws: what is wrong with a file; `.invalidConfiguration` for files of different seeds.
  package init(experiments paths: [String], seeds: [UInt64]? = nil) throws {
    let variants = try paths.map { path in
      let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      return Variant(name, try Experiment(contentsOf: path))
    }
    var comparison = Self(
      name: Self.name(of: variants), variants: variants, seeds: seeds ?? [variants.first?.experiment.seed ?? 0])
    if seeds == nil { try comparison.requireAgreement(on: ["seed"], of: variants.map(\.experiment)) }
    if variants.count == 1 { comparison.output = variants[0].experiment.output }
    self = comparison
  }

  /// Whether a file describes a comparison, and not one experiment.
  ///
  /// - Throws: as ``init(contentsOf:)`` where the file cannot be read.
  package static func isComparison(_ path: String) throws -> Bool {
    let text = try YAMLEntry.text(ofFile: path, kind: "comparison")
    return try YAMLEntry.all(of: text, name: path).contains { Self.names.dropFirst().contains($0.name) }
  }

  private static func name(of variants: [Variant]) -> String {
    var names: [String] = []
    for variant in variants where !names.contains(variant.name) { names.append(variant.name) }
    return names.count > 4 ? "\(names.count) variants" : names.joined(separator: ", ")
  }
}
