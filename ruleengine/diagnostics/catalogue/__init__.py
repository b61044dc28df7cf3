"""All wording, one function per fault, one file per hundred; importing this registers every page."""

from ruleengine.diagnostics.catalogue import broker, data, internal, logic, risk, shape, storage, style, yaml
from ruleengine.diagnostics.catalogue.pages import PAGES, Page

__all__ = ["PAGES", "Page", "broker", "data", "internal", "logic", "risk", "shape", "storage", "style", "yaml"]
