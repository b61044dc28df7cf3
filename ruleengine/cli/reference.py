"""Tables of the documentation that come from the code that implements them.

A document marks each place with `<!-- generated: NAME -->` and `<!-- end -->`; what stands between is rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ruleengine.facts.catalogue import ENUMS, FACTS
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.typecheck.expression import signature_of
from ruleengine.units import LITERAL_UNITS

_MARK = re.compile(r"(<!-- generated: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewritten_docs(root: Path) -> dict[Path, str]:
    """Every document with marks, with its tables as the code has them."""
    found: dict[Path, str] = {}
    for path in sorted((root / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if _MARK.search(text):
            found[path] = _MARK.sub(_filled, text)
    return found


def _filled(match: re.Match[str]) -> str:
    return f"{match[1]}\n{TABLES[match['name']]().rstrip()}\n\n{match[3]}"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _facts() -> str:
    rows = []
    for name, fact in FACTS.items():
        definition = f"`{fact.definition}`" if fact.definition else ""
        rows.append([f"`{name}`", fact.frame, str(fact.type), fact.doc, definition, fact.source])
    return _table(["fact", "of", "type", "meaning", "defined as", "row"], rows)


def _functions() -> str:
    rows = [
        [
            f"`{signature_of(f)}`",
            f.kind,
            f.family,
            f.doc.splitlines()[0],
            "; ".join(f"`{e.expression}` → {e.gives}" for e in f.examples[:1]),
        ]
        for f in FUNCTIONS.values()
    ]
    return _table(["function", "kind", "family", "meaning", "example"], rows)


def _units() -> str:
    rows = [[f"`{word}`", str(unit.type), unit.doc] for word, unit in LITERAL_UNITS.items()]
    return _table(["suffix", "type", "meaning"], [*rows, ["`USD`, `JPY` …", "money", "money in that currency"]])


def _words() -> str:
    return _table(
        ["vocabulary", "words"], [[name, ", ".join(f"`{word}`" for word in words)] for name, words in ENUMS.items()]
    )


def _journal() -> str:
    from ruleengine.journal import layout

    return layout.reference()


def _orders() -> str:
    from ruleengine.runtime.orders import states as order_state

    return f"```mermaid\n{order_state.diagram().rstrip()}\n```"


TABLES: dict[str, Callable[[], str]] = {
    "facts": _facts,
    "functions": _functions,
    "units": _units,
    "words": _words,
    "journal": _journal,
    "orders": _orders,
}
