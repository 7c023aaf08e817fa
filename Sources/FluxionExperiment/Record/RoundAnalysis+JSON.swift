public import FluxionFederation

// An analysis as it stands in `run.json`.
extension JSONValue {
  public init(_ analysis: RoundAnalysis) {
    self = [
      "cohort": JSONValue(analysis.cohort), "disagreeing": .array(analysis.disagreeing.map { JSONValue($0) }),
      "parties": .array(analysis.parties.map { JSONValue($0) }), "gradients": JSONValue(analysis.gradients),
      "updates": analysis.updates.map { JSONValue($0) } ?? .null,
      "noise": analysis.noise.map { JSONValue($0) } ?? .null,
      "hessian": analysis.hessian.map { JSONValue($0) } ?? .null,
    ]
  }

  public init(_ party: PartyAnalysis) {
    self = [
      "party": JSONValue(party.party), "samples": JSONValue(party.samples), "loss": JSONValue(party.loss),
      "gradientNorm": JSONValue(party.gradientNorm), "updateNorm": JSONValue(party.updateNorm),
      "drift": JSONValue(party.drift), "gradientCosine": JSONValue(party.gradientCosine),
      "updateCosine": JSONValue(party.updateCosine), "noise": party.noise.map { JSONValue($0) } ?? .null,
    ]
  }

  public init(_ agreement: Agreement) {
    self = [
      "meanCosine": JSONValue(agreement.meanCosine), "diversity": JSONValue(agreement.diversity),
      "conflict": JSONValue(agreement.conflict),
      "cosines": .array(agreement.cosines.map { .array($0.map { JSONValue($0) }) }),
    ]
  }

  public init(_ noise: GradientNoiseScale) {
    self = [
      "batchSize": JSONValue(noise.batchSize), "covarianceTrace": JSONValue(noise.covarianceTrace),
      "squaredNorm": JSONValue(noise.squaredNorm),
    ]
  }

  public init(_ hessian: HessianAnalysis) {
    self = [
      "samples": JSONValue(hessian.samples), "topEigenvalue": JSONValue(hessian.topEigenvalue),
      "eigenvalueError": JSONValue(hessian.eigenvalueError), "lanczosSteps": JSONValue(hessian.lanczosSteps),
      "trace": JSONValue(hessian.trace), "traceError": JSONValue(hessian.traceError),
    ]
  }
}
