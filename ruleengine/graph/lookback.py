"""How many closed bars each timeframe must keep, before any data is read."""

from __future__ import annotations

from collections.abc import Iterable

from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.typecheck.typed import SeriesCall


def bars_of(call: SeriesCall) -> int:
    """Closed bars that a feature reads, counted from the last one back.

    sma(m1.close, 20): 20. The bar before: sma(m1.close, 20)[1]: 21. m1.close: 1, m1.close[3]: 4.
    """
    if not call.function:
        return 1 + call.back
    lookback = FUNCTIONS[call.function].lookback
    assert lookback is not None
    return max(lookback(*call.constants, cut_weight=call.cut_weight), call.warm_after) + call.back


def bars_needed(calls: Iterable[SeriesCall]) -> dict[str, int]:
    """The largest look-back by timeframe."""
    needed: dict[str, int] = {}
    for call in calls:
        needed[call.timeframe] = max(needed.get(call.timeframe, 0), bars_of(call))
    return needed
