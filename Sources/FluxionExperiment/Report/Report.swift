import FluxionCoordination

/// A run on one page: what it reached, how it went, who took part, and how to have it again.
///
/// The page is one file of HTML that needs nothing else: style and charts are in it, there is no script and no address
/// of another host. It is light or dark as the reader prefers, and fits a phone.
///
/// ```swift
/// try directory.write(Data(Report(directory.record).html().utf8), as: "report.html")
/// ```
public struct Report: Sendable {
  public var record: RunRecord

  public init(_ record: RunRecord) { self.record = record }

  /// The page. All text of the record is escaped.
  public func html() -> String { document() }
}

extension Report: Page {
  package var title: String { headline }
  package var fluxionVersion: String { record.environment.fluxionVersion }

  package func content(into main: inout Markup) {
    keyFigures(into: &main)
    comparison(into: &main)
    curves(into: &main)
    parties(into: &main)
    analysis(into: &main)
    configuration(into: &main)
    reproduction(into: &main)
  }
}

// What several sections of the page need.
extension Report {
  var partyCount: Int { record.partition?.parties.count ?? record.rounds.lazy.map(\.parties.count).max() ?? 0 }

  /// The global model at the end, or when it was last evaluated.
  var final: RunRecord.Evaluation {
    if let federation = record.baselines?.federation { return federation }
    let last = record.rounds.last { ($0.testAccuracy ?? .nan).isFinite || ($0.testLoss ?? .nan).isFinite }
    return .init(accuracy: last?.testAccuracy, loss: last?.testLoss)
  }

  /// The mean over the parties that trained alone.
  var meanAlone: RunRecord.Evaluation {
    func mean(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.reduce(0, +) / Double(values.count) }
    let alone = record.baselines?.alone ?? []
    return .init(accuracy: mean(alone.compactMap(\.accuracy)), loss: mean(alone.compactMap(\.loss)))
  }
}
