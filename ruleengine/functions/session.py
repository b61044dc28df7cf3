"""The session so far, in closed bars: its extremes, its opening, and which of the bars held belong to it.

The running bar is not in it: a policy that wants the day's high with the running minute writes
`max(session_high(m1), mid)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.functions._params import WHOLE, finite_window, length
from ruleengine.functions.base import REGISTRY, Example, Function
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import PRICE

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow


def first_row(bars: BarWindow, within: int, name: str) -> int | Unknown:
    """Row of the first bar of the last bar's session.

    Unknown  while the rows do not reach back to the session's start: neither an earlier session's bar is among them,
             nor one that opened with the session.
    """
    session = int(bars.session_start[-1])
    if int(bars.opened_at[0]) > session:
        is_full = len(bars.close) >= int(within)
        detail = f"a session longer than {int(within)} bars" if is_full else "a session that began before its first bar"
        return Unknown(Reason.NOT_WARM, name, detail)
    return int((bars.session_start < session).sum())


def session_high(bars: BarWindow, within: int) -> float | Unknown:
    first = first_row(bars, within, "session_high")
    return first if isinstance(first, Unknown) else float(bars.high[first:].max())


def session_low(bars: BarWindow, within: int) -> float | Unknown:
    first = first_row(bars, within, "session_low")
    return first if isinstance(first, Unknown) else float(bars.low[first:].min())


def session_open(bars: BarWindow, within: int) -> float | Unknown:
    first = first_row(bars, within, "session_open")
    return first if isinstance(first, Unknown) else float(bars.open[first])


WITHIN = length(1440, name="within", doc="longest session, in bars")
_THREE = "open = 2 5 4; high = 3 6 5; low = 1 4 2; close = 2 5 3"

REGISTRY.add(
    Function(
        "session_high",
        "series",
        (WHOLE, WITHIN),
        PRICE,
        "Highest high since the session's start.",
        "session",
        (Example("session_high(m1, 480)", "6", _THREE),),
        source="PY-01",
        least=0.0,
        lookback=finite_window,
        compute=session_high,
        partial=True,
    )
)
REGISTRY.add(
    Function(
        "session_low",
        "series",
        (WHOLE, WITHIN),
        PRICE,
        "Lowest low since the session's start.",
        "session",
        (Example("session_low(m1, 480)", "1", _THREE),),
        least=0.0,
        lookback=finite_window,
        compute=session_low,
        partial=True,
    )
)
REGISTRY.add(
    Function(
        "session_open",
        "series",
        (WHOLE, WITHIN),
        PRICE,
        "First price of the session.",
        "session",
        (Example("session_open(m1, 480)", "2", _THREE),),
        least=0.0,
        lookback=finite_window,
        compute=session_open,
        partial=True,
    )
)
