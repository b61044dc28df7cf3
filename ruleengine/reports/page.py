"""A report as one HTML file: no script, nothing from the network, readable in light and dark, by keyboard and aloud."""

from __future__ import annotations

import re
from html import escape

from ruleengine.reports.document import Report, Section
from ruleengine.reports.tables import Table

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --paper: #ffffff; --bar: #0a6cbf;
  --track: #eaeef2; --bad: #a8071a; --good: #116329; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --faint: #9aa5b1; --line: #30363d; --paper: #0d1117;
  --bar: #58a6ff; --track: #21262d; --bad: #ff938a; --good: #56d364; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; }
p { margin: .2rem 0; }
.lead p:first-child { font-size: 1.1rem; font-weight: 600; }
nav ul { columns: 18rem; padding-left: 1.1rem; margin: 1rem 0 0; }
a { color: var(--bar); }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--faint); padding-bottom: .3rem; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--faint); font-weight: 600; white-space: nowrap; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 400; }
.figure { text-align: right; white-space: nowrap; }
.note { color: var(--faint); }
.pass { color: var(--good); font-weight: 600; }
.fail { color: var(--bad); font-weight: 700; }
svg { display: block; width: 100%; height: auto; margin: .5rem 0 1rem; fill: var(--ink);
  font: 13px system-ui, sans-serif; }
svg .track { fill: var(--track); } svg .bar { fill: var(--bar); } svg .faint { fill: var(--faint); }
svg .line { fill: none; stroke: var(--bar); stroke-width: 2; } svg .axis { stroke: var(--line); }
svg .loss { fill: var(--bad); } svg .zero { stroke: var(--faint); }
@media print { nav { display: none; } .scroll { overflow: visible; } }
"""
_WORDS = {"pass": "pass", "FAIL": "fail"}


def html_of(report: Report) -> str:
    """The whole file. Everything that came from outside is escaped."""
    shown = [each for each in report.sections if each.table.rows]
    links = "".join(f'<li><a href="#{_anchor(each)}">{escape(each.table.title)}</a></li>' for each in shown)
    body = "\n".join(_section(each) for each in shown)
    lead = "".join(f"<p>{escape(line)}</p>" for line in report.lead)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(report.title)}</h1>\n<div class="lead">{lead}</div>\n'
        f'<nav aria-label="Tables"><ul>{links}</ul></nav>\n{body}\n</main>\n</body>\n</html>\n'
    )


def _section(section: Section) -> str:
    table, anchor = section.table, _anchor(section)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{escape(table.title)}</h2>\n{section.chart}\n'
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}">{_table(table)}</div>\n'
        f"{note}\n</section>"
    )


def _table(table: Table) -> str:
    head = ""
    if any(table.heads):
        cells = "".join(
            f'<th scope="col"{_figure(table, at)}>{escape(each)}</th>' for at, each in enumerate(table.heads)
        )
        head = f"<thead><tr>{cells}</tr></thead>"
    rows = "".join(f"<tr>{''.join(_cell(table, at, each) for at, each in enumerate(row))}</tr>\n" for row in table.rows)
    return f"<table>{head}<tbody>\n{rows}</tbody></table>"


def _cell(table: Table, at: int, text: str) -> str:
    if at == 0:
        return f'<th scope="row"{_figure(table, at)}>{escape(text)}</th>'
    if text in _WORDS:
        return f'<td class="{_WORDS[text]}">{escape(text)}</td>'
    return f"<td{_figure(table, at)}>{escape(text)}</td>"


def _figure(table: Table, at: int) -> str:
    return ' class="figure"' if at in table.right else ""


def _anchor(section: Section) -> str:
    return re.sub(r"[^a-z0-9]+", "-", section.table.title.lower()).strip("-")
