"""RE900–RE909: faults of the engine itself, and of the environment it was started in.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says
from ruleengine.diagnostics.span import Span


@fault(
    "RE901",
    title="internal error",
    what="The engine met something that it did not foresee, and stopped. Nothing half-written is left; an order "
    "that was recorded before stays recorded.",
    why="To go on from a state that nobody thought of could trade on it. The fault is ruleengine's, never a policy's.",
    bad="RULEENGINE_TRACEBACK unset: the sentence alone, which tells too little to mend it",
    good="RULEENGINE_TRACEBACK=1 ruleengine …   # the same command again; report what it shows",
    proof="none: nothing can provoke it; its way out is tested in tests/cli/test_ends.py",
)
def internal_error(span: Span, kind: str, message: str) -> Wording:
    return says(
        f"internal error: {kind}: {message}",
        help="this is a fault of ruleengine; RULEENGINE_TRACEBACK=1 shows where",
    )
