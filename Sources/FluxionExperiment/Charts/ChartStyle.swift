/// The colours and type of the charts, as a style sheet of CSS variables: light, and dark where the reader prefers it.
package enum ChartStyle {
  /// How many series have a colour of their own; later ones begin again.
  static let seriesCount = 6

  /// Colours that are told apart with every common colour vision (after Okabe and Ito, 2008), each with enough contrast
  /// on its ground.
  package static let variables = """
    :root {
      color-scheme: light dark;
      --ground: #f6f7f8; --surface: #ffffff; --ink: #16191d; --muted: #5b636e; --line: #e2e5e9; --hover: #16191d0d;
      --series-1: #0967b2; --series-2: #c8530a; --series-3: #08805f; --series-4: #9a4a8c; --series-5: #8a6d00;
      --series-6: #3b82a0; --heat: #0967b2; --heat-ink: #ffffff;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #0f1215; --surface: #171b20; --ink: #e9ecf0; --muted: #99a3af; --line: #2b3138; --hover: #ffffff14;
        --series-1: #5fb1f3; --series-2: #f2975a; --series-3: #45c9a0; --series-4: #d69acb; --series-5: #dfc04c;
        --series-6: #8ac7e0; --heat: #5fb1f3; --heat-ink: #0f1215;
      }
    }
    """

  /// How the parts of the charts use them.
  package static let rules = """
    .chart { display: block; width: 100%; height: auto; overflow: visible;
      font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
      font-variant-numeric: tabular-nums; fill: var(--muted); }
    .chart .grid { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
    .chart .axis { stroke: var(--muted); stroke-width: 1; shape-rendering: crispEdges; }
    .chart .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
    .chart .thin { stroke-width: 1.5; }
    .chart .faint { stroke: var(--muted); stroke-width: 1.2; opacity: .5; }
    .chart .dashed { stroke-dasharray: 1 5; stroke-width: 2.4; }
    .chart .reference { stroke: var(--muted); stroke-width: 1.2; stroke-dasharray: 5 4; fill: none; }
    .chart .halo { paint-order: stroke; stroke: var(--surface); stroke-width: 4px; stroke-linejoin: round; }
    .chart .area { fill-opacity: .16; stroke: none; }
    .chart .band { fill: transparent; } .chart .band:hover { fill: var(--hover); }
    .chart .strong { fill: var(--ink); font-weight: 600; }
    .chart .cell { fill: var(--heat); } .chart .cell-empty { fill: var(--line); fill-opacity: .45; }
    .chart .cell-against { fill: var(--series-2); }
    .chart .cell-ink { fill: var(--ink); } .chart .cell-ink-on { fill: var(--heat-ink); }
    .chart .middle { text-anchor: middle; } .chart .end { text-anchor: end; }
    """
    + "\n"
    + (1...seriesCount).map { index in
      ".chart .stroke-\(index) { stroke: var(--series-\(index)); } .chart .fill-\(index) { fill: var(--series-\(index)); }"
    }.joined(separator: "\n") + "\n"

  /// On a page that is narrower than its charts are drawn, their text is larger; not in a picture that stands alone.
  package static let pageRules = "@media (max-width: 560px) { .chart { font-size: 14.5px; } }\n"

  /// The number in the class names of a series' colour.
  static func number(ofSeries index: Int) -> Int { index % seriesCount + 1 }
}
