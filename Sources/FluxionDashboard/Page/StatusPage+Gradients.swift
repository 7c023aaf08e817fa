import FluxionExperiment
import FluxionFederation

extension StatusPage {
  /// Cosines between more parties than this are not drawn.
  static let maximumCosineParties = 40

  /// How the parties agree, from the last round that was analysed.
  func gradients(into markup: inout Markup) {
    guard let analysis = status.analysis else { return }
    let figures = analysis.figures
    let what = figures.updates == nil ? "gradients" : "updates"
    let agreement = figures.updates ?? figures.gradients
    section("gradients", "Gradients", into: &markup) { section in
      for party in figures.disagreeing.prefix(5) {
        section.element(
          "p", ["class": "notice"],
          text:
            "The \(what) of \(status.name(of: party)) disagree with the rest. Wrong labels, another distribution or a "
            + "hostile party look like this.")
      }
      section.element("div", ["class": "grid start after"]) { grid in
        if figures.parties.count <= Self.maximumCosineParties {
          let chart = HeatMap(
            id: "cosines-chart", title: "Cosines between the \(what) of the parties in round \(analysis.round)",
            xTitle: "party", rowNames: figures.parties.map { status.name(of: $0.party) },
            columnNames: figures.parties.map { String($0.party) }, cells: agreement.cosines, scale: .cosines)
          figure("Cosines between \(what), round \(analysis.round)", nil, into: &grid, svg: chart.svg())
        }
        grid.element("div", ["class": "card"]) { card in
          card.element("h3", text: "In round \(analysis.round)")
          facts(facts(figures, agreement), into: &card)
        }
      }
    }
  }

  private func facts(_ figures: RoundAnalysis, _ agreement: Agreement) -> [Fact] {
    [
      Fact("Mean cosine", agreement.meanCosine.map { Figures.loss($0).replacing("-", with: "−") }),
      Fact("Pairs in conflict", agreement.conflict.map { Figures.percent($0, digits: 1) }),
      Fact("Diversity", agreement.diversity.map { Figures.loss($0) }),
      Fact(
        "Gradient noise scale",
        figures.noise?.batchSize.map { "batches of \(Figures.count(Int(min($0.rounded(), 1e15))))" }),
      Fact("Largest Hessian eigenvalue", figures.hessian?.topEigenvalue.map { Figures.loss($0) }),
      Fact("Hessian trace", figures.hessian?.trace.map { Figures.loss($0) }),
    ]
  }
}
