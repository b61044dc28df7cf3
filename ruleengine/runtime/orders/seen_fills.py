"""Which fills were counted, so that one that is told again is not counted again."""

from __future__ import annotations

from decimal import Decimal

from ruleengine.model.event import Fill

SEEN_FILLS_MAX = 8_192
"""Fills that are remembered to tell a repeated one."""

_ZERO = Decimal(0)
_FROM_INSTRUMENT = 10
"""Parts of a key from the instrument on. An order's id before it is anything that somebody called their own."""


def fill_key(fill: Fill) -> str:
    """What tells a fill from another one: everything the venue said of it, and nothing of when we heard it."""
    return "|".join(
        (
            fill.fill_id, fill.order_id, fill.trade_id, fill.instrument, fill.side.value, "o" if fill.opens else "r",
            str(fill.units.normalize()), str(fill.price.normalize()), str(fill.ts_event),
            str(fill.realised.normalize()), str(fill.fee.normalize()), fill.reason, str(fill.is_last),
        )
    )  # fmt: skip


class SeenFills:
    """The last fills that were counted, so that a repeated one is not counted again."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}

    def has(self, fill: Fill) -> bool:
        return fill_key(fill) in self._keys

    def add(self, fill: Fill) -> bool:
        """Remember it; false where it is known already."""
        key = fill_key(fill)
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > SEEN_FILLS_MAX:
            del self._keys[next(iter(self._keys))]
        return True

    def units(self) -> dict[tuple[str, str], Decimal]:
        """How much was counted under each of the venue's numbers, each with its instrument."""
        found: dict[tuple[str, str], Decimal] = {}
        for key in self._keys:
            _, instrument, _, _, units, *_ = key.rsplit("|", _FROM_INSTRUMENT)
            number = key.split("|", 1)[0], instrument
            found[number] = found.get(number, _ZERO) + Decimal(units)
        return found

    @property
    def since_ns(self) -> int:
        """The venue's time from which on all are remembered that were counted; 0: from the beginning."""
        if len(self._keys) < SEEN_FILLS_MAX:
            return 0
        _, _, _, _, _, _, ts_event, *_ = next(iter(self._keys)).rsplit("|", _FROM_INSTRUMENT)
        return int(ts_event)

    def state(self) -> list[str]:
        return list(self._keys)

    def restore(self, keys: list[str]) -> None:
        self._keys = dict.fromkeys(keys)
