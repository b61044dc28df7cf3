"""When days begin: of an instrument by its market, of an account as its file states it (SC-10), or as all of its
instruments agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from ruleengine.market.interval import CRYPTO, FX, Anchor, exchange
from ruleengine.model.instrument import Instrument


def anchor_of(spec: Instrument) -> Anchor:
    """Where days and bars are counted from: 17:00 New York for currencies, the exchange's day for stocks, else UTC."""
    if spec.kind == "fx":
        return FX
    if spec.kind == "stock":
        is_korean = spec.sessions == "krx"
        return exchange("Asia/Seoul" if is_korean else "America/New_York", time(9) if is_korean else time(9, 30))
    return CRYPTO


class DaysDiffer(ValueError):
    """An account whose file states no day, and whose instruments' days differ. `days`: of each instrument."""

    def __init__(self, days: Mapping[str, Anchor]) -> None:
        said = ", ".join(f"{name} {described(day)}" for name, day in days.items())
        super().__init__(f"the account states no `day`, and the days of its instruments differ: {said}")
        self.days = dict(days)


def account_day(account: Mapping[str, Any], instruments: Iterable[Instrument]) -> Anchor:
    """The day of an account, by the content of its file. Raises  DaysDiffer."""
    stated = stated_day(account)
    return agreed_day({spec.name: anchor_of(spec) for spec in instruments}) if stated is None else stated


def stated_day(account: Mapping[str, Any]) -> Anchor | None:
    """The `day` that an account file states.

    >>> stated_day({"day": {"timezone": "Asia/Seoul", "cut": "00:00"}}).zone, stated_day({})
    ('Asia/Seoul', None)
    """
    day = account.get("day")
    return None if day is None else anchored(day["timezone"], day["cut"])


def agreed_day(days: Mapping[str, Anchor]) -> Anchor:
    """The day that all instruments have; a bar's origin within it is no part of that. UTC's where there are none.

    Raises  DaysDiffer.

    >>> agreed_day({"005930": exchange("Asia/Seoul", time(9))}) == anchored("Asia/Seoul", "00:00")
    True
    """
    cuts = {Anchor(day.zone, day.day, day.day) for day in days.values()}
    if len(cuts) > 1:
        raise DaysDiffer(days)
    return next(iter(cuts), CRYPTO)


def as_stated(day: Anchor) -> dict[str, str]:
    """A day as an account file states it.

    >>> as_stated(FX)
    {'timezone': 'America/New_York', 'cut': '17:00'}
    """
    return {"timezone": day.zone, "cut": day.day.strftime("%H:%M")}


def anchored(zone_name: str, cut: str) -> Anchor:
    """A day from its zone and the wall time at which it begins, `HH:MM`."""
    begins = time.fromisoformat(cut)
    return Anchor(zone_name, begins, begins)


def described(day: Anchor) -> str:
    """
    >>> described(FX)
    'from 17:00 America/New_York'
    """
    return f"from {day.day.strftime('%H:%M')} {day.zone}"
