"""All wording, one function per fault, one file per hundred (three for RE1xx); importing this registers every page."""

from ruleengine.diagnostics.catalogue import (
    broker,
    composition,
    data,
    internal,
    logic,
    risk,
    scalar,
    shape,
    storage,
    style,
    syntax,
    yaml,
)
from ruleengine.diagnostics.catalogue.pages import PAGES, Page

__all__ = [
    "PAGES",
    "Page",
    "broker",
    "composition",
    "data",
    "internal",
    "logic",
    "risk",
    "scalar",
    "shape",
    "storage",
    "style",
    "syntax",
    "yaml",
]
