"""Expression text → syntax tree. Nothing is bound or typed here."""

from ruleengine.syntax.parse import parse

__all__ = ["parse"]
