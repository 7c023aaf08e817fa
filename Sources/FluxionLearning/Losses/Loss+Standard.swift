import FluxionCalculus

extension Loss {
  /// `(p − t)²`
  public static let meanSquaredError = Loss("mean-squared-error", target: .values) { predictions, targets in
    square(predictions - targets)
  }

  /// `log Σ exp z − z[label]` for logits `z` `[batch, …, classes]` and labels `[batch, …]`; stable for any logits.
  public static let softmaxCrossEntropy = Loss("softmax-cross-entropy", target: .labels) { logits, labels in
    FluxionCalculus.softmaxCrossEntropy(logits, labels)
  }

  /// `t log(1 + e⁻ᶻ) + (1 − t) log(1 + eᶻ)` for logits `z` and targets `t` in 0 … 1: the negative log-likelihood of a
  /// Bernoulli variable of probability `sigmoid(z)`; stable for any logits.
  public static let binaryCrossEntropy = Loss("binary-cross-entropy", target: .values) { logits, targets in
    // Not softplus(z) − z t: that cancels for a large z and t = 1.
    targets * softplus(-logits) + (1 - targets) * softplus(logits)
  }

  /// `d²/2` for `|d| ≤ δ`, else `δ (|d| − δ/2)`, with `d = p − t` (Huber 1964, Annals of Mathematical Statistics 35).
  ///
  /// - Parameter delta: positive; where the parabola becomes a line.
  public static func huber(delta: Float = 1) -> Loss {
    Loss("huber:\(delta)", target: .values) { predictions, targets in
      guard delta > 0, delta.isFinite else {
        return .invalid(FluxionError(.invalidArgument, "huber takes a positive delta; it was given \(delta)"))
      }
      // With c = min(|d|, δ) both branches are c (|d| − c/2).
      let distance = abs(predictions - targets)
      let clipped = minimum(distance, Tensor(delta))
      return clipped * (distance - 0.5 * clipped)
    }
  }

  /// The loss of a name: `mean-squared-error`, `softmax-cross-entropy`, `binary-cross-entropy`, `huber` or
  /// `huber:<delta>`.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known one.
  public static func named(_ text: String) throws -> Loss {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    for loss in [meanSquaredError, softmaxCrossEntropy, binaryCrossEntropy] where loss.name == text { return loss }
    guard parts.first == "huber" else {
      throw FluxionError(.invalidConfiguration, unknownName(text, "loss", among: names))
    }
    guard parts.count == 2 else { return .huber() }
    guard let delta = Float(parts[1]), delta > 0, delta.isFinite else {
      throw FluxionError(.invalidConfiguration, "loss \"\(text)\" needs a positive number as delta, as in huber:0.5")
    }
    return .huber(delta: delta)
  }

  /// The names ``named(_:)`` knows.
  public static let names = ["mean-squared-error", "softmax-cross-entropy", "binary-cross-entropy", "huber"]
}
