/// The pages' own style; colours are ``ChartStyle/variables``.
enum PageStyle {
  static let rules = """
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5; -webkit-text-size-adjust: 100%;
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
      font-variant-numeric: tabular-nums; }
    header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 28px; }
    header { padding-top: 64px; }
    h1, h2, h3, p, dl, dd, figure { margin: 0; }
    h1 { font-size: clamp(2.1rem, 1.2rem + 3.6vw, 3.5rem); line-height: 1.08; font-weight: 680; letter-spacing: -0.028em;
      text-wrap: balance; }
    h2 { font-size: 1.32rem; font-weight: 650; letter-spacing: -0.012em; margin-bottom: 6px; }
    h3 { font-size: .95rem; font-weight: 620; }
    .eyebrow { color: var(--series-1); font-size: .84rem; font-weight: 600; letter-spacing: .01em; margin-bottom: 14px; }
    .lede { margin-top: 20px; max-width: 46em; font-size: 1.1rem; color: var(--muted); text-wrap: pretty; }
    .notice { margin-top: 20px; padding: 12px 16px; max-width: 52em; border-left: 4px solid var(--series-2);
      border-radius: 4px; background: var(--surface); overflow-wrap: anywhere; }
    .about { color: var(--muted); max-width: 46em; margin-bottom: 18px; } .about.after { margin: 18px 0 0; }
    section { margin-top: 64px; }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(142px, 1fr)); gap: 28px 20px;
      margin-top: 44px; padding: 26px 0; border-block: 1px solid var(--line); }
    .figures dt, .facts dt, .settings dt { color: var(--muted); font-size: .86rem; }
    .figures .large { display: block; font-size: 1.5rem; font-weight: 620; letter-spacing: -0.018em; line-height: 1.35;
      white-space: nowrap; }
    .note { display: block; color: var(--muted); font-size: .84rem; font-weight: 400; white-space: pre-wrap; }
    .grid { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; margin-top: 18px; }
    .card { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px 14px; }
    .card.flush { padding: 8px 4px; }
    .card.flush .scroll { max-height: 720px; }
    .card.flush table { font-size: .88rem; } .card.flush th, .card.flush td { padding: 5px 9px; }
    .card.flush thead th { white-space: normal; vertical-align: bottom; line-height: 1.3; font-size: .8rem; }
    .key { display: flex; flex-wrap: wrap; gap: 4px 22px; margin-top: 22px; font-size: .92rem; }
    .key span { display: inline-flex; align-items: center; gap: 8px; overflow-wrap: anywhere; }
    .key i { flex: none; width: 18px; height: 4px; border-radius: 2px; }
    .grid.start { align-items: start; }
    figcaption { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; margin-bottom: 10px; }
    figcaption .value { color: var(--muted); font-size: .9rem; white-space: pre-wrap; text-align: right; }
    table { width: 100%; border-collapse: collapse; font-size: .92rem; }
    th, td { padding: 8px 12px; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
    tbody tr:last-child > * { border-bottom: 0; }
    thead th { color: var(--muted); font-size: .84rem; font-weight: 500; white-space: nowrap; }
    tbody th { font-weight: 500; white-space: nowrap; } .comparison tbody th { white-space: normal; }
    .number { text-align: right; white-space: nowrap; }
    .scroll { overflow: auto; }
    .scroll:focus-visible, summary:focus-visible, pre:focus-visible { outline: 2px solid var(--series-1);
      outline-offset: 2px; border-radius: 4px; }
    .comparison { font-size: 1rem; }
    .comparison th, .comparison td { padding: 14px 12px; vertical-align: middle; }
    .comparison th:first-child { padding-left: 0; } .comparison tr > :last-child { padding-right: 0; }
    .comparison .drawn { width: 46%; }
    .comparison tbody .number { font-size: 1.08rem; }
    .federation th, .federation .number { font-weight: 680; }
    .track { position: relative; display: block; height: 22px; border-radius: 4px; background: var(--line); }
    .bar { position: absolute; inset: 0 auto 0 0; border-radius: 4px; background: var(--series-2); }
    .federation .bar { background: var(--series-1); } .pooled .bar { background: var(--series-3); }
    .alone .bar { opacity: .38; }
    .mark { position: absolute; top: 5px; width: 12px; height: 12px; margin-left: -6px; border-radius: 50%;
      background: var(--series-2); border: 2px solid var(--ground); }
    details { margin-top: 18px; }
    summary { cursor: pointer; width: fit-content; color: var(--series-1); font-size: .94rem; font-weight: 520;
      padding: 4px 0; }
    details .scroll { max-height: 480px; margin-top: 8px; background: var(--surface); border: 1px solid var(--line);
      border-radius: 12px; padding: 4px; }
    .settings { columns: 3 240px; column-gap: 40px; margin-top: 12px; }
    .settings div { display: flex; justify-content: space-between; gap: 16px; padding: 7px 0; break-inside: avoid;
      border-bottom: 1px solid var(--line); }
    .settings dd { text-align: right; overflow-wrap: anywhere; font-weight: 520; font-size: .94rem; }
    code, pre { font-family: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
      font-size: .88rem; }
    pre { margin: 10px 0 16px; padding: 16px 18px; background: var(--surface); border: 1px solid var(--line);
      border-radius: 12px; overflow-x: auto; line-height: 1.6; }
    .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 18px 24px; }
    .facts .wide { grid-column: 1 / -1; }
    .facts dd { overflow-wrap: anywhere; }
    footer { margin-top: 72px; padding-bottom: 56px; color: var(--muted); font-size: .88rem; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media (max-width: 860px) { .grid { grid-template-columns: minmax(0, 1fr); } }
    @media (max-width: 560px) {
      header, main, footer { padding-left: 18px; padding-right: 18px; }
      header { padding-top: 36px; } section { margin-top: 48px; }
      .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 16px; margin-top: 30px; padding: 20px 0; }
      .figures .large { font-size: 1.3rem; }
      .card { padding: 14px 14px 10px; }
      .card.flush { padding: 4px 0; }
      .comparison thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
      .comparison tr { display: grid; grid-template-columns: 1fr auto auto; padding: 12px 0;
        border-bottom: 1px solid var(--line); column-gap: 14px; align-items: baseline; }
      .comparison tr > * { padding: 0; border: 0; }
      .comparison tbody td:last-child { order: 1; color: var(--muted); font-size: .94rem; }
      .comparison tbody td:last-child::before { content: "loss "; }
      .comparison .drawn { grid-column: 1 / -1; order: 2; width: auto; margin-top: 8px; }
      table:not(.comparison) th, table:not(.comparison) td { padding: 7px 9px; }
    }
    @media print { body { background: none; } .card, pre { break-inside: avoid; } section { margin-top: 36px; } }
    """
}
