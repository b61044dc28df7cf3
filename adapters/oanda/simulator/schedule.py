"""Times of OANDA's day: it ends at 17:00 in New York (fact sheet §4.6, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from adapters.oanda.simulator.formats import Moment
from ruleengine.market.zones import local_date, wall_ns, zone

_ROLLOVER = time(17)


def next_rollover(after_ns: int) -> tuple[Moment, date]:
    """The next end of a day after an instant, and the date on which it is in New York."""
    new_york = zone("America/New_York")
    day = local_date(after_ns, new_york)
    at = wall_ns(day, _ROLLOVER, new_york)
    if at <= after_ns:
        day += timedelta(days=1)
        at = wall_ns(day, _ROLLOVER, new_york)
    return Moment(at), day


def expiry(terms: Mapping[str, Any], now_ns: int) -> Moment | None:
    """When an order ends by itself; None: not at all."""
    if terms.get("timeInForce") == "GTD":
        return Moment(terms["gtdTime"])
    return next_rollover(now_ns)[0] if terms.get("timeInForce") == "GFD" else None
