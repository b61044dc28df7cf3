"""Findings about what a person wrote: where, what, what to do, and how they are printed."""

from ruleengine.diagnostics.diagnostic import Diagnostic, Related, Severity, has_errors
from ruleengine.diagnostics.span import Span

__all__ = ["Diagnostic", "Related", "Severity", "Span", "has_errors"]
