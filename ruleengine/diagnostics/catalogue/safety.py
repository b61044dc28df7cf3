"""RE620–RE639: protections, alerts, and the trades that ended which they look at.

RE620–RE629: what a run decides and notes, in the engine's own words. RE630–RE639: what a policy is refused for, one
function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Row, Wording, fault, says, told_by_the_engine, word
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


@fault(
    "RE631",
    title="time of a protection or alert that is none",
    what="`lasts` and `repeat` are above 0s and at most 366 days.",
    why="A protection that lasts no time protects nothing; one that never ends by itself says `latch: human`.",
    bad="""protections:
  - id: losses
    when: streak(c.pnl < 0 for c in closed) >= 3
    lasts: 0s
""",
    good="""protections:
  - id: losses
    when: streak(c.pnl < 0 for c in closed) >= 3
    lasts: 30min
""",
    proof="none: a whole policy is needed; shown in tests/typecheck/test_protections.py",
)
def time_out_of_bounds(span: Span, key: str, value: str) -> Wording:
    return says(f"{word(key)} is {value}, and has to be above 0s and at most 366 days")


ROWS: tuple[Row, ...] = (
    Row(
        "RE620",
        "refused by a protection that is on",
        "A protection tripped before and is not over; it stops intents of this kind in its scope.",
        "The refusal says by which value it tripped, against which limit, since when and until when (OPS-03).",
        "an entry 10 min after `daily-loss` tripped at -3.2% <= -3%, until the next day",
        "an exit at the same time: what takes risk off is never stopped",
    ),
    Row(
        "RE621",
        "protection that can't be told",
        "An input of the protection's condition is unknown.",
        "What it would stop is refused until it can be told, unless it says `on_unknown: alert`.",
        "account.equity missing",
        "account.day_pnl_ratio = -1.2%",
    ),
    Row(
        "RE622",
        "protection tripped",
        "The protection's condition came to hold, or a trade of its scope ended while it held.",
        "From here on it refuses what it stops, and closes what it says.",
        "account.day_pnl_ratio = -3.2% <= -3%",
        "account.day_pnl_ratio = -2.9% <= -3% doesn't hold",
    ),
    Row(
        "RE623",
        "protection over",
        "Its time or day is over, its `until` holds, or a human re-armed it with a reason.",
        "While its condition still holds it trips again only with something new: once the condition has been false in "
        "between, or another trade of its scope has ended.",
        "rearm daily-loss without a reason",
        "rearm daily-loss, by ann, because the feed was wrong",
    ),
    Row(
        "RE624",
        "alert",
        "The alert's condition has held for as long as it says.",
        "A person has to know; nothing is stopped by it.",
        "account.unknown_orders = 1 > 0 for 30 s",
        "account.unknown_orders = 0",
    ),
    Row(
        "RE625",
        "alert over",
        "The condition of an alert that was told holds no more.",
        "Who was told of the one has to be told of the other.",
        "account.unknown_orders = 1",
        "account.unknown_orders = 0",
    ),
    Row(
        "RE626",
        "alert that can't be told",
        "An input of the alert's condition is unknown.",
        "Silence would look like all is well.",
        "quote_age missing",
        "quote_age = 0.4s",
    ),
)

told_by_the_engine(ROWS, "none: decisions are shown in tests/runtime/engine/test_protections.py")
