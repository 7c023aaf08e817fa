/// A page that needs nothing of another host. By default its style and charts are in it and there is no script. It is light
/// or dark as the reader prefers, and fits a phone.
package protocol Page {
  var title: String { get }
  var fluxionVersion: String { get }
  /// What the page's head has beside its title: its style.
  func head(into markup: inout Markup)
  func masthead(into markup: inout Markup)
  func content(into markup: inout Markup)
  /// The last line.
  var colophon: String { get }
}

extension Page {
  /// The style sheet of a page with charts.
  package static var styleSheet: String {
    "\(ChartStyle.variables)\n\(PageStyle.rules)\n\(ChartStyle.rules)\(ChartStyle.pageRules)"
  }

  package func head(into markup: inout Markup) { markup.add(markup: "<style>\n\(Self.styleSheet)</style>\n") }

  package var colophon: String { "Written by Fluxion \(fluxionVersion)." }

  /// The page as a file of HTML.
  package func document() -> String {
    var page = Markup()
    page.add(markup: "<!doctype html>\n")
    page.element("html", ["lang": "en"]) { html in
      html.element("head") { head in
        head.empty("meta", ["charset": "utf-8"])
        head.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        head.empty("meta", ["name": "color-scheme", "content": "light dark"])
        head.element("title", text: "\(title) · Fluxion")
        self.head(into: &head)
      }
      html.element("body") { body in
        body.element("header") { masthead(into: &$0) }
        body.element("main") { content(into: &$0) }
        body.element("footer") { footer in
          footer.element("p", text: colophon)
        }
      }
    }
    return page.text
  }

  package static func counted(_ count: Int, _ one: String, _ many: String) -> String {
    count == 1 ? "1 \(one)" : "\(Figures.count(count)) \(many)"
  }

  /// A section with its heading.
  package func section(_ id: String, _ heading: String, into markup: inout Markup, _ body: (inout Markup) -> Void) {
    markup.element("section", ["aria-labelledby": id]) { section in
      section.element("h2", ["id": id], text: heading)
      body(&section)
    }
  }

  /// A chart with its heading and the figure that sums it up.
  package func figure(_ heading: String, _ summary: String?, into markup: inout Markup, svg: String) {
    markup.element("figure", ["class": "card"]) { figure in
      figure.element("figcaption") { caption in
        caption.element("h3", text: heading)
        if let summary { caption.element("span", ["class": "value"], text: summary) }
      }
      figure.add(markup: svg)
    }
  }

  /// A table; the first column names the row, the columns of numbers are to the right. What comes after a line break in
  /// a cell is a note to it.
  package func table(
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
                let lines = cell.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
                row.element(index == 0 ? "th" : "td", ["scope": index == 0 ? "row" : nil, "class": kind]) { element in
                  element.add(text: String(lines.first ?? ""))
                  if lines.count > 1 { element.element("span", ["class": "note"], text: String(lines[1])) }
                }
              }
            }
          }
        }
      }
    }
  }
}
