"""The definition of meaning: readable, slow, in Decimal."""

from ruleengine.backends.trace.evaluate import Evaluation, TraceProgram

__all__ = ["Evaluation", "TraceProgram"]
