"""Which fills were counted, so that one that is told again is not counted again."""

from __future__ import annotations

from ruleengine.model.event import Fill

SEEN_FILLS_MAX = 8_192
"""Fills that are remembered to tell a repeated one."""


_AFTER_INSTRUMENT = 9
"""Parts of a key behind the instrument. An order's id before it is anything that somebody called their own."""


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

    def numbers(self) -> set[tuple[str, str]]:
        """The venue's numbers of them, each with its instrument."""
        return {(key.split("|", 1)[0], key.rsplit("|", _AFTER_INSTRUMENT + 1)[1]) for key in self._keys}

    def state(self) -> list[str]:
        return list(self._keys)

    def restore(self, keys: list[str]) -> None:
        self._keys = dict.fromkeys(keys)
