"""RE620–RE639: protections, alerts, and the trades that ended which they look at.

One function per fault, declared with its page by `@fault` (see `pages.py`). RE620–RE629: what a run decides and notes;
RE630–RE649: what a policy is refused for.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span


@fault(
    "RE630",
    title="aggregate of an order that the collection does not have",
    what="`streak` counts from the newest element back, and this collection has no newest one.",
    why="What comes last among open trades or positions says nothing of what happened last.",
    bad="streak(t.pnl < 0 for t in trades) >= 3",
    good="streak(c.pnl < 0 for c in closed) < 3",
    proof="expression",
)
def unordered(span: Span, function: str, collection: str, ordered: Sequence[str]) -> Wording:
    return says(
        f"{word(function)} needs an order, and {word(collection)} has none",
        f"go over {' or '.join(f'`{each}`' for each in ordered)}, or use `count`",
    )
