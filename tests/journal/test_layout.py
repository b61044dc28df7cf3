"""The documented layout is the one that is used, and the one that old files have."""

from __future__ import annotations

from pathlib import Path

from ruleengine.diagnostics.catalogue import PAGES
from ruleengine.journal.layout import KINDS, LAYOUT_VERSION, SHAPES, reference

_DOCS = Path(__file__).resolve().parents[2] / "docs" / "journal.md"


def test_docs_show_the_layout() -> None:
    text = _DOCS.read_text(encoding="utf-8")
    begin, end = "<!-- journal layout: begin -->\n\n", "\n<!-- journal layout: end -->"
    shown = text[text.index(begin) + len(begin) : text.index(end)]
    assert shown == reference(), "print ruleengine.journal.layout.reference() between the marks of docs/journal.md"


def test_every_code_of_the_docs_has_a_page() -> None:
    text = _DOCS.read_text(encoding="utf-8")
    codes = sorted(code for code in PAGES if code.startswith("RE7"))
    assert len(codes) >= 14
    mentioned = {word.strip("`,;.()|") for word in text.split() if word.strip("`,;.()|").startswith("RE7")}
    assert mentioned <= set(codes)


def test_names_are_unique_and_documented() -> None:
    names = [kind.name for kind in KINDS]
    assert len(names) == len(set(names))
    owners = [(kind.doc, kind.fields) for kind in KINDS] + [(shape.doc, shape.fields) for shape in SHAPES]
    for doc, fields in owners:
        assert doc.endswith(".")
        assert len({field.name for field in fields}) == len(fields)
        assert all(field.doc for field in fields)


def test_required_fields_of_version_1_stay() -> None:
    """Files of version 1 exist: taking a kind away or asking more of one needs a new layout version."""
    assert LAYOUT_VERSION == 1
    required = {kind.name: sorted(kind.required) for kind in KINDS}
    assert required == {
        "market": ["columns", "count", "order"],
        "event": ["type"],
        "check": ["decision", "policy", "verdicts"],
        "verdict_change": ["after", "before", "rule"],
        "intent": ["decision", "instrument", "policy", "reduce_only", "rule", "units"],
        "refusal": ["decision", "policy", "reason", "rule"],
        "order": ["decision", "state"],
        "fill": ["decision", "instrument", "price", "units"],
        "snapshot": ["schema_digest", "state"],
        "activation": ["digest", "policy"],
        "note": ["code"],
        "defect": ["code", "message"],
    }
