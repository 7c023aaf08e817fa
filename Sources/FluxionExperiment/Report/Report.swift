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
  public func html() -> String {
    var page = Markup()
    page.add(markup: "<!doctype html>\n")
    page.element("html", ["lang": "en"]) { html in
      html.element("head") { head in
        head.empty("meta", ["charset": "utf-8"])
        head.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        head.empty("meta", ["name": "color-scheme", "content": "light dark"])
        head.element("title", text: "\(headline) · Fluxion")
        head.add(markup: "<style>\n\(ChartStyle.variables)\n\(Self.style)\n\(ChartStyle.rules)</style>\n")
      }
      html.element("body") { body in
        body.element("header") { masthead(into: &$0) }
        body.element("main") { main in
          keyFigures(into: &main)
          comparison(into: &main)
          curves(into: &main)
          parties(into: &main)
          analysis(into: &main)
          configuration(into: &main)
          reproduction(into: &main)
        }
        body.element("footer") { footer in
          footer.element("p", text: "Written by Fluxion \(record.environment.fluxionVersion).")
        }
      }
    }
    return page.text
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

  static func counted(_ count: Int, _ one: String, _ many: String) -> String {
    count == 1 ? "1 \(one)" : "\(Figures.count(count)) \(many)"
  }

  /// A section with its heading.
  func section(_ id: String, _ heading: String, into markup: inout Markup, _ body: (inout Markup) -> Void) {
    markup.element("section", ["aria-labelledby": id]) { section in
      section.element("h2", ["id": id], text: heading)
      body(&section)
    }
  }

  /// A chart with its heading and the figure that sums it up.
  func figure(_ heading: String, _ summary: String?, into markup: inout Markup, svg: String) {
    markup.element("figure", ["class": "card"]) { figure in
      figure.element("figcaption") { caption in
        caption.element("h3", text: heading)
        if let summary { caption.element("span", ["class": "value"], text: summary) }
      }
      figure.add(markup: svg)
    }
  }

  /// A table; the first column names the row, the columns of numbers are to the right.
  func table(
    _ caption: String, _ columns: [(title: String, isNumber: Bool)], rows: [[String]], into markup: inout Markup
  ) {
    markup.element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption]) { scroll in
      scroll.element("table") { table in
        table.element("caption", ["class": "unseen"], text: caption)
        table.element("thead") { head in
          head.element("tr") { row in
            for column in columns {
              row.element("th", ["scope": "col", "class": column.isNumber ? "number" : nil], text: column.title)
            }
          }
        }
        table.element("tbody") { body in
          for cells in rows {
            body.element("tr") { row in
              for (index, cell) in cells.enumerated() {
                let kind = columns[index].isNumber ? "number" : nil
                if index == 0 {
                  row.element("th", ["scope": "row", "class": kind], text: cell)
                } else {
                  row.element("td", ["class": kind], text: cell)
                }
              }
            }
          }
        }
      }
    }
  }
}
