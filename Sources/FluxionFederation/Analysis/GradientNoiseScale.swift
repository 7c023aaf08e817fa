/// The gradient noise scale `B = tr(Σ)/|G|²`, with `G` the true gradient and `Σ` the covariance of the gradient of one
/// sample (McCandlish et al. 2018, "An empirical model of large-batch training", arXiv 1812.06162, equation 2.9).
///
/// Batches much smaller than `B` are mostly noise, much larger ones mostly waste: `B` is the batch size that it suggests.
public struct GradientNoiseScale: Codable, Sendable, Equatable {
  /// `tr(Σ)`, estimated without bias.
  public var covarianceTrace: Double?
  /// `|G|²`, estimated without bias; it can come out negative where noise hides the gradient.
  public var squaredNorm: Double?
  /// `tr(Σ)/|G|²`, in samples; nil where noise hides the gradient.
  public var batchSize: Double?

  private init(covarianceTrace: Double, squaredNorm: Double) {
    self.covarianceTrace = covarianceTrace.finite
    self.squaredNorm = squaredNorm.finite
    batchSize = squaredNorm > 0 ? max(0, covarianceTrace / squaredNorm).finite : nil
  }

  /// From gradients of two batch sizes (appendix A.1): with `E|G_b|² = |G|² + tr(Σ)/b` for batches of `b` samples, the
  /// mean over chunks and the mean over all `n` samples of `c` chunks give two equations for two unknowns,
  ///
  ///     tr(Σ) ≈ n (Σ (b_i/n) |g_i|² − |ḡ|²) / (c − 1),    |G|² ≈ |ḡ|² − tr(Σ)/n.
  ///
  /// Weighting chunks by their samples keeps both free of bias if one is smaller than the others. For c chunks of one
  /// size b these are the paper's estimators with B_small = b and B_big = n.
  ///
  /// - Returns: nil for fewer than two chunks.
  package init?(_ sample: GradientSample, squaredNorm: Double) {
    guard sample.chunks >= 2 else { return nil }
    let n = Double(sample.samples)
    let trace = n * (sample.meanSquaredChunkNorm - squaredNorm) / Double(sample.chunks - 1)
    self.init(covarianceTrace: trace, squaredNorm: squaredNorm - trace / n)
  }

  /// Of samples drawn from several parties together, from what each party's own samples tell: the covariance within
  /// parties and that between them,
  ///
  ///     tr(Σ) = Σ α_k (tr(Σ_k) + |G_k|²) − |G|²,    |G|² ≈ |Σ α_k ḡ_k|² − Σ α_k² tr(Σ_k)/n_k.
  ///
  /// - Parameters:
  ///   - parts: of each party its share `α_k`, the samples `n_k` of its gradient, and its noise.
  ///   - squaredNorm: `|Σ α_k ḡ_k|²`
  /// - Returns: nil where a party's noise is not known.
  package init?(pooling parts: [(share: Double, samples: Int, noise: GradientNoiseScale?)], squaredNorm: Double) {
    var (within, ownNoise) = (0.0, 0.0)
    for part in parts {
      guard let trace = part.noise?.covarianceTrace, let norm = part.noise?.squaredNorm else { return nil }
      within += part.share * (trace + norm)
      ownNoise += part.share * part.share * trace / Double(part.samples)
    }
    self.init(covarianceTrace: within - (squaredNorm - ownNoise), squaredNorm: squaredNorm - ownNoise)
  }
}

/// What a sweep over samples, chunk by chunk, tells of a gradient beside the gradient itself.
package struct GradientSample: Sendable, Equatable {
  package var samples = 0
  package var chunks = 0
  /// The mean loss.
  package var loss = 0.0
  /// `Σ (b_i/n) |g_i|²` over chunks of `b_i` of the `n` samples.
  package var meanSquaredChunkNorm = 0.0

  package init(samples: Int = 0, chunks: Int = 0, loss: Double = 0, meanSquaredChunkNorm: Double = 0) {
    self.samples = samples
    self.chunks = chunks
    self.loss = loss
    self.meanSquaredChunkNorm = meanSquaredChunkNorm
  }
}
