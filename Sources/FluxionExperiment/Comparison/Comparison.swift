import FluxionCalculus
import Foundation

/// Several configurations over the same parties and seeds, described.
///
/// A *variant* is a name and the experiment it stands for; each is run once a seed. For one seed all variants see the
/// same data, dealt out to the same parties, and begin with the same parameters where their models agree, so what
/// differs in the results comes from what differs in the settings.
///
/// ```swift
/// var slow = Experiment()
/// slow.learningRate = 0.005
/// let comparison = Comparison(
///   name: "Two learning rates", variants: [.init("0.05", Experiment()), .init("0.005", slow)], seeds: [1, 2, 3])
/// let outcome = try await comparison.run()
/// print(outcome.directory)  // comparison.html, comparison.md, compare.json, and a directory a run
/// ```
public struct Comparison: Sendable, Equatable {
  public struct Variant: Sendable, Equatable {
    public var name: String
    /// Variants of one group share their charts; nil where there are no groups.
    public var group: String?
    /// What is run; its seed and its output directory have no say.
    public var experiment: Experiment

    public init(_ name: String, group: String? = nil, _ experiment: Experiment) {
      self.name = name
      self.group = group
      self.experiment = experiment
    }
  }

  public var name: String
  public var variants: [Variant]
  public var seeds: [UInt64]
  /// The directory for what the comparison leaves; nil for one in `runs` after the name.
  public var output: String?

  /// More runs than this are refused.
  public static let maximumRuns = 10_000

  public init(name: String, variants: [Variant], seeds: [UInt64] = [0], output: String? = nil) {
    self.name = name
    self.variants = variants
    self.seeds = seeds
    self.output = output
  }

  /// Whether the variants can be compared.
  ///
  /// - Throws: `.invalidConfiguration` for fewer than two runs, a name or a seed given twice, two variants of the same
  ///   settings, or variants that do not share their data or their target accuracy.
  public func validate() throws {
    try requireNames()
    guard Set(seeds).count == seeds.count else {
      throw FluxionError(
        .invalidConfiguration,
        "a seed is given twice in \(seeds.map(String.init).joined(separator: ",")); once is enough")
    }
    let (runs, overflow) = variants.count.multipliedReportingOverflow(by: seeds.count)
    guard !overflow, (2...Self.maximumRuns).contains(runs) else {
      throw FluxionError(
        .invalidConfiguration,
        runs < 2
          ? "a comparison needs at least two runs: several experiment files, --algorithms, several seeds, or a file "
            + "with variants"
          : "a comparison has at most \(Self.maximumRuns) runs; \(variants.count) variants with \(seeds.count) seeds are more"
      )
    }
    for (index, variant) in variants.enumerated() {
      let same = variants[..<index].first { $0.settings == variant.settings }
      if let same {
        throw FluxionError(
          .invalidConfiguration,
          "\"\(same.title)\" and \"\(variant.title)\" have the same settings; there is nothing to compare them by")
      }
    }
    try requireAgreement(on: Self.settingsOfData + ["targetAccuracy"], of: variants.map(\.experiment))
  }

  private func requireNames() throws {
    for (index, variant) in variants.enumerated() {
      guard !variant.name.isEmpty, variant.name.count <= 80, (variant.group ?? "").count <= 80 else {
        throw FluxionError(
          .invalidConfiguration, "variant \(index + 1) needs a name of 1 to 80 characters, and so does its group")
      }
      guard !variants[..<index].contains(where: { $0.name == variant.name && $0.group == variant.group }) else {
        throw FluxionError(.invalidConfiguration, "two variants are called \"\(variant.title)\"; name each differently")
      }
    }
  }

  /// Settings that say what the data is; with the partition and the seed they say who holds what.
  private static let settingsOfData = ["data", "dataDir", "labelColumn", "testFraction"]

  /// - Throws: `.invalidConfiguration` that names two variants whose experiments differ in one of the settings.
  func requireAgreement(on names: [String], of experiments: [Experiment]) throws {
    guard let first = experiments.first else { return }
    for setting in Experiment.settings where names.contains(setting.name) {
      for (variant, experiment) in zip(variants, experiments) where setting.scalar(experiment) != setting.scalar(first)
      {
        func text(_ experiment: Experiment) -> String { setting.scalar(experiment)?.text ?? "none" }
        throw FluxionError(
          .invalidConfiguration,
          "\"\(variants[0].title)\" has \(setting.flag) \(text(first)) and \"\(variant.title)\" has \(text(experiment)); "
            + "the variants of a comparison share data, parties, seeds and target")
      }
    }
  }
}

extension Comparison.Variant {
  /// The name, after that of its group.
  public var title: String { group.map { "\($0): \(name)" } ?? name }

  /// The experiment without what has no say.
  fileprivate var settings: Experiment {
    var experiment = experiment
    experiment.seed = 0
    experiment.output = nil
    return experiment
  }
}

// Where things are written to.
extension Comparison {
  /// ``output``, or a directory in `runs` after the name: the same comparison goes to the same place, and so goes on.
  var outputDirectory: URL {
    URL(fileURLWithPath: output ?? "runs/\(Self.slug(name))", isDirectory: true)
  }

  /// A path of its own for each variant, below the output directory.
  var variantPaths: [String] {
    var taken: Set<String> = []
    return variants.map { variant in
      let base = (["runs"] + (variant.group.map { [Self.slug($0)] } ?? []) + [Self.slug(variant.name)])
        .joined(separator: "/")
      var (path, number) = (base, 1)
      while !taken.insert(path).inserted {
        number += 1
        path = "\(base)-\(number)"
      }
      return path
    }
  }

  /// A name as part of a path: `10 times too low` ↦ `10-times-too-low`.
  static func slug(_ name: String) -> String {
    let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let slug = words.joined(separator: "-").prefix(60)
    return slug.isEmpty ? "comparison" : String(slug)
  }
}
