"""All wording, one function per fault, one file per concept; the codes of a file are of one hundred.

A stage imports the file of its own faults and pays for no other; whoever needs every page asks for `PAGES`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from ruleengine.diagnostics.catalogue.pages import Page

if TYPE_CHECKING:
    PAGES: dict[str, Page]

FILES: Final = (
    "yaml",
    "syntax",
    "scalar",
    "shape",
    "composition",
    "scenarios",
    "reading",
    "naming",
    "measures",
    "sense",
    "contradictions",
    "table_rows",
    "limits",
    "rules",
    "modes",
    "additions",
    "data",
    "evidence",
    "requirements",
    "contact",
    "venue_hours",
    "gate",
    "book",
    "decisions",
    "decided_additions",
    "safety",
    "decided_exits",
    "exits",
    "venue",
    "storage",
    "internal",
)

__all__ = ["FILES", "PAGES", "Page"]


def __getattr__(name: str) -> object:
    """`PAGES`: every page by code, which takes importing every file of the catalogue."""
    if name != "PAGES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for file in FILES:
        import_module(f"{__name__}.{file}")
    from ruleengine.diagnostics.catalogue import pages

    return pages.PAGES
