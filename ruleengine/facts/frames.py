"""The frames that hold facts at run time, one class for each, with a slot for every primitive fact.

The runtime fills them; generated code and the trace read them. A slot that was never set is unknown (missing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ruleengine.facts.catalogue import FACTS, slots
from ruleengine.model.unknown import Reason, Unknown


def _missing(frame: str) -> dict[str, Unknown]:
    return {
        fact.slot: Unknown(Reason.MISSING, name)
        for name, fact in FACTS.items()
        if fact.frame == frame and fact.definition is None
    }


class _Frame:
    """Every slot begins as unknown, with the fact's own name."""

    __slots__ = ()
    _initial: ClassVar[dict[str, Any]] = {}

    if TYPE_CHECKING:  # the slots come from the catalogue, which a type checker can't read

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def __init__(self, **values: Any) -> None:
        for slot, unknown in self._initial.items():
            setattr(self, slot, unknown)
        for slot, value in values.items():
            setattr(self, slot, value)


class TimeFrame(_Frame):
    """`now`: UTC nanoseconds (int). `s`: truth of each schedule of the graph, by index."""

    __slots__ = (*slots("time"), "s")
    _initial = _missing("time")


class MarketFrame(_Frame):
    """One instrument. `f`: features of closed bars, `s`: running figures, `r`: its place among candidates, by the
    graph's indices; `marked`: the middle when bid and ask were last known, to value a position by; `rate_source`: the
    market whose middle `quote_to_home` follows, if any. No rule reads these two."""

    __slots__ = (*slots("market"), "f", "marked", "r", "rate_source", "s")
    _initial: ClassVar[dict[str, Any]] = {
        **_missing("market"),
        "marked": Unknown(Reason.MISSING, "mid"),
        "rate_source": None,
    }


class AccountFrame(_Frame):
    """`trades`, `all_trades`: TradeFrames; `positions`: PositionFrames; `closed`: ClosedFrames, newest last. Unknown
    where the account could not be read. `s`: running figures that read no instrument, by the graph's indices."""

    __slots__ = (*slots("account"), "all_trades", "closed", "positions", "s", "trades")
    _initial = _missing("account")


class PositionFrame(_Frame):
    """The account's position in one instrument; `m` is that instrument's market."""

    __slots__ = (*slots("position"), "m")
    _initial = _missing("position")


class TradeFrame(_Frame):
    """One open trade; `m` is its instrument's market."""

    __slots__ = (*slots("trade"), "m")
    _initial = _missing("trade")


class ClosedFrame(_Frame):
    """One trade of ours that ended; `m` is its instrument's market."""

    __slots__ = (*slots("closed"), "m")
    _initial = _missing("closed")


class IntentFrame(_Frame):
    __slots__ = slots("intent")
    _initial = _missing("intent")


class SignalFrame(_Frame):
    __slots__ = slots("signal")
    _initial = _missing("signal")


class Env:
    """What a block is evaluated in: one frame of each kind (those that its scope has)."""

    __slots__ = ("a", "g", "i", "k", "m", "p", "t")

    k: TimeFrame
    m: MarketFrame
    a: AccountFrame
    p: PositionFrame
    t: TradeFrame
    i: IntentFrame
    g: SignalFrame
