import FluxionCalculus
import FluxionLearning

/// A model by name; its inputs and outputs follow from the data.
public enum ModelChoice: Sendable, Hashable, CustomStringConvertible {
  /// One affine function of the features: linear regression, or its classifier by softmax.
  case linear
  /// Logistic regression; softmax regression for more than two classes.
  case logistic
  /// Dense layers of these widths with ReLU between them.
  case mlp([Int])
  /// Two 5×5 convolutions of 32 and 64 filters with ReLU and pooling, then 512 units with ReLU (arXiv 1602.05629).
  case cnn
  /// The layers themselves, as ``ModelSpecification`` writes them.
  case layers(String)

  /// The forms a user may write, for messages and help.
  public static let forms = ["linear", "logistic", "mlp:200,200", "cnn"]

  /// The text form, which ``init(parsing:)`` reads.
  public var description: String {
    switch self {
    case .linear: "linear"
    case .logistic: "logistic"
    case .mlp(let hidden): "mlp:\(hidden.map(String.init).joined(separator: ","))"
    case .cnn: "cnn"
    case .layers(let text): text
    }
  }

  /// Reads `linear`, `logistic`, `mlp:200,200`, `cnn`, or layers written out as in `flatten; dense(10)`.
  ///
  /// - Throws: `.invalidConfiguration`, naming the nearest form, for any other text.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count) {
    case _ where text.contains { $0 == ";" || $0 == "(" }:
      _ = try ModelSpecification(text).model()
      self = .layers(text)
    case ("linear", 1): self = .linear
    case ("logistic", 1): self = .logistic
    case ("cnn", 1): self = .cnn
    case ("mlp", _):
      let texts = parts.count == 2 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : []
      let widths = texts.compactMap { Int($0) }.filter { (1...1_000_000).contains($0) }
      guard !texts.isEmpty, widths.count == texts.count, widths.count <= 100 else {
        throw FluxionError(
          .invalidConfiguration, "model \"\(text)\" needs the widths of its hidden layers, as in \"mlp:200,200\"")
      }
      self = .mlp(widths)
    default:
      let hint = nearest(parts[0], among: ["linear", "logistic", "mlp", "cnn"]).map { "; did you mean \"\($0)\"?" }
      throw FluxionError(
        .invalidConfiguration,
        "there is no model \"\(text)\"\(hint ?? ";") use one of \(Self.forms.joined(separator: " | "))")
    }
  }
}
