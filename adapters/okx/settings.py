"""What the account file may say of this venue, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ruleengine.ports.venue import VenueError

SETTINGS: Mapping[str, str] = {
    "region": "where the account is: global, eea or us (global)",
    "margin_mode": "tdMode of our orders: cross or isolated (cross)",
    "quotes": "channel of best bid and ask: bbo-tbt (each change) or tickers (10 a second) (bbo-tbt)",
    "bars": "length of live bars of the venue, as in its channels (1m, 1H …), or empty for none (empty)",
    "order_life_s": "seconds after which the venue drops an order that is still on its way, 1 to 30 (5)",
    "dead_man_s": "the venue cancels our resting orders when it has not heard of us for so long, 10 to 120; 0: never "
    "(60)",
}
BARS = ("1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H", "6Hutc", "12Hutc", "1Dutc")


@dataclass(frozen=True, slots=True)
class Settings:
    """See `SETTINGS`."""

    region: str = "global"
    margin_mode: Literal["cross", "isolated"] = "cross"
    quotes: Literal["bbo-tbt", "tickers"] = "bbo-tbt"
    bars: str = ""
    order_life_s: float = 5.0
    dead_man_s: int = 60


def read(given: Mapping[str, Any]) -> Settings:
    """The settings; VenueError with a remedy for one that is not known or can't be.

    >>> read({"margin_mode": "isolated"}).margin_mode
    'isolated'
    """
    for name in given:
        if name not in SETTINGS:
            raise _wrong(f"OKX has no setting `{name}`", f"it takes {', '.join(SETTINGS)}")
    settings = Settings(**given)
    if settings.margin_mode not in ("cross", "isolated"):
        raise _wrong(f"margin_mode `{settings.margin_mode}` is no margin mode", "set it to cross or isolated")
    if settings.quotes not in ("bbo-tbt", "tickers"):
        raise _wrong(f"`{settings.quotes}` is no channel of quotes", "set quotes to bbo-tbt or tickers")
    if settings.bars and settings.bars not in BARS:
        raise _wrong(f"`{settings.bars}` is no length of bars", f"set bars to one of {', '.join(BARS)}")
    if not 1 <= _number("order_life_s", settings.order_life_s) <= 30:
        raise _wrong(f"order_life_s is {settings.order_life_s}", "give 1 to 30 seconds")
    if settings.dead_man_s != 0 and not 10 <= _number("dead_man_s", settings.dead_man_s) <= 120:
        raise _wrong(f"dead_man_s is {settings.dead_man_s}", "give 0, or 10 to 120 seconds")
    return settings


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"{name} is no number: `{value}`", "give seconds as a plain number")
    return float(value)


def _wrong(what: str, remedy: str) -> VenueError:
    return VenueError(what, code="setting", remedy=remedy, is_final=True)
