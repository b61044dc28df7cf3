"""What a run says of itself beside its decisions, so that a report needs neither the policy nor the venue: how its
instruments count pips and days, and which trades were open when it began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ruleengine.facts.frames import TradeFrame
from ruleengine.market.days import agreed_day, anchor_of, anchored
from ruleengine.market.interval import Anchor, Timeframe
from ruleengine.model.instrument import Instrument
from ruleengine.model.unknown import known
from ruleengine.runtime.book.lots import Lot


def terms_of(instruments: Iterable[Instrument]) -> dict[str, dict[str, str]]:
    """By instrument: pip (quote currency), zone and wall time at which its day begins, and its trading hours."""
    found = {}
    for spec in instruments:
        anchor = anchor_of(spec)
        day = anchor.day.strftime("%H:%M")
        found[spec.name] = {"pip": str(spec.pip), "zone": anchor.zone, "day": day, "sessions": spec.sessions}
    return found


def book_of(lots: Iterable[Lot]) -> list[dict[str, Any]]:
    """What was open at a run's beginning, as fills name it: each lot by the venue's number, in the venue's units. A
    trade of a netting account may be several of them. Where ours and somebody else's stand under one number, each has
    the name that it has here."""
    known = [each for each in lots if each.identity is not None]
    numbers = Counter(each.stated_as for each in known)
    return [
        {
            "id": each.stated_as if numbers[each.stated_as] == 1 else each.id,
            "instrument": each.instrument,
            "side": each.side.value,
            "units": float(each.units),
            "price": float(each.price),
            "opened_ns": each.opened_ns,
            "strategy": each.identity.strategy,
            "pocket": each.identity.pocket,
            "is_manual": each.identity.owner != "engine",
            "stop": None if each.first_stop is None else float(each.first_stop),
        }
        for each in known
        if each.identity is not None
    ]


def marked_of(trades: Iterable[TradeFrame]) -> list[dict[str, Any]]:
    """Trades as rules see them, in base units: what is open at a run's end."""
    return [
        {
            "id": str(each.id),
            "instrument": each.instrument,
            "side": str(each.side),
            "units": float(each.units),
            "price": float(each.entry_price),
            "opened_ns": int(each.opened_at),
            "strategy": each.strategy,
            "pocket": each.pocket,
            "is_manual": each.owner != "engine",
            "stop": _number(each.first_stop),
        }
        for each in trades
    ]


def _number(value: Any) -> float | None:
    return float(value) if known(value) else None


def pip_of(terms: dict[str, Any], instrument: str) -> float | None:
    """
    >>> pip_of({"USD_JPY": {"pip": "0.01"}}, "USD_JPY"), pip_of({}, "USD_JPY")
    (0.01, None)
    """
    stated = terms.get(instrument, {}).get("pip")
    return None if stated is None else float(stated)


def day_of(stated: Anchor | None, terms: Mapping[str, Any]) -> Timeframe:
    """The account's day where a run states it, else that of all its instruments, UTC's where those say nothing.

    Raises  DaysDiffer  where nothing states it and they have several: in logs, and what earlier versions left."""
    return Timeframe("d1", agreed_day(days_of(terms)) if stated is None else stated)


def days_of(terms: Mapping[str, Any]) -> dict[str, Anchor]:
    """By instrument, when its day begins, where that is stated."""
    return {name: anchored(each["zone"], each["day"]) for name, each in terms.items() if "zone" in each}


def hours_of(terms: Mapping[str, Any]) -> set[str]:
    """The trading hours that a run's instruments have, by their words. Earlier versions told only when days begin."""
    of_day = {("America/New_York", "17:00"): "fx", ("America/New_York", "00:00"): "us", ("Asia/Seoul", "00:00"): "krx"}
    return {
        each.get("sessions") or of_day.get((each["zone"], each["day"]), "always")
        for each in terms.values()
        if "zone" in each
    }
