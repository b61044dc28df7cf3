"""All facts by name, the collections that aggregates go over, and the words that enums take."""

from __future__ import annotations

from ruleengine.facts import (
    account,
    after_fill,
    closed,
    market,
    position,
    position_exits,
    position_since,
    position_size,
    trading,
)
from ruleengine.facts.base import Fact, Frame

_ALL = (
    *market.FACTS,
    *account.FACTS,
    *position_size.FACTS,
    *after_fill.FACTS,
    *position.FACTS,
    *position_exits.FACTS,
    *position_since.FACTS,
    *closed.OF_ACCOUNT,
    *trading.FACTS,
    *closed.FACTS,
)
FACTS: dict[str, Fact] = {fact.name: fact for fact in _ALL}

FRAME_LETTER: dict[Frame, str] = {
    "time": "k",
    "market": "m",
    "account": "a",
    "position": "p",
    "trade": "t",
    "closed": "c",
    "intent": "i",
    "signal": "g",
}

COLLECTIONS: dict[str, Frame] = {
    "trades": "trade",
    "all_trades": "trade",
    "positions": "position",
    "closed": "closed",
}
"""`trades`: open trades that the engine owns, on the whole account; `all_trades`: with manual ones (they count in
margin and equity, FX-16); `positions`: one for each instrument of the account; `closed`: trades of ours that
ended, the newest last."""

ORDERED = ("closed",)
"""Collections in an order that means something, so that `streak` may go over them."""

ENUMS: dict[str, tuple[str, ...]] = {
    "side": ("long", "short"),
    "intent": ("entry", "ladder", "pyramid", "hedge_open", "hedge_reduce", "exit"),
    "owner": ("engine", "manual"),
    "phase": ("open", "closed", "paused"),
}


def slots(frame: Frame) -> tuple[str, ...]:
    """Attribute names of a frame, in catalogue order: its primitive facts."""
    return tuple(fact.slot for fact in FACTS.values() if fact.frame == frame and fact.definition is None)
