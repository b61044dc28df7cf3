"""RE660–RE669: what a venue's terms stand in the way of, and which of its instruments are candidates, at run time.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Severity
from ruleengine.diagnostics.span import Span

_GATE = "none: needs orders and prices; tests/runtime/gate/test_terms.py"


@fault(
    "RE660",
    title="short sale where none is allowed",
    what="An order would open a short side in an instrument that this account may only sell what it holds of.",
    why="A cash account in stocks has no short sales; the venue refuses them, and the rule waits for nothing (PY-14).",
    bad="an entry `side: short` in 005930",
    good="an entry `side: long`, or `instruments: {005930: {can_short: true}}` in the account file where it is so",
    proof=_GATE,
)
def no_short_sales(span: Span, instrument: str) -> Wording:
    return says(
        f"no short sales of {word(instrument)} on this account",
        help="let the rule take the long side only, or say `can_short: true` in the account file",
    )


@fault(
    "RE661",
    title="price outside the day's limits",
    what="The price of an order that opens lies beyond the highest or lowest price that the exchange allows today.",
    why="The exchange refuses it (KRX: 30 % from the previous close, PY-14).",
    bad="a limit at 93000 while the previous close is 71300",
    good="a limit at 92600, the highest of that day",
    proof=_GATE,
)
def outside_daily_limits(span: Span, price: str, which: str, limit: str, currency: str) -> Wording:
    return says(
        f"price {price} {currency} is beyond the day's {which} price of {limit} {currency}",
        help="bound the price by `day.limit_up` and `day.limit_down`",
    )


@fault(
    "RE662",
    title="candidates ranked",
    what="A list of candidates keeps other instruments than before, or others can't be judged.",
    why="Who asks later why an instrument was left out sees what was kept instead, and what was unknown (PY-09).",
    bad="an entry that asks for `watchlist`, and a record that doesn't say who was on it",
    good="a note with the kept ones, how many were ranked behind them, and the unknown ones with their reason",
    proof="none: needs a market; tests/runtime/engine/test_candidates.py",
    severity=Severity.INFO,
)
def candidates_ranked(span: Span, message: str) -> Wording:
    return says(message)
