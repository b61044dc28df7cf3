"""The channels of the streams: where each is, what it asks for, and whether it wants a login."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.okx.simulator.candles import is_bar
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.instruments import SWAP, Contract

Url = Literal["public", "private", "business"]
Arg = Mapping[str, Any]
_CANDLE = "candle"


@dataclass(frozen=True, slots=True)
class Channel:
    """`needs`: the argument that must be there, "" for none. `has_snapshot`: whether the picture comes at once."""

    url: Url
    needs: str = ""
    is_private: bool = False


_PUBLIC = (
    "tickers", "trades", "bbo-tbt", "books5", "books", "mark-price", "funding-rate", "price-limit", "open-interest",
)  # fmt: skip
_CHANNELS: Mapping[str, Channel] = {
    **dict.fromkeys(_PUBLIC, Channel("public", "instId")),
    "instruments": Channel("public", "instType"),
    "liquidation-orders": Channel("public", "instType"),
    "status": Channel("public"),
    "trades-all": Channel("business", "instId"),
    "account": Channel("private", is_private=True),
    "positions": Channel("private", "instType", is_private=True),
    "balance_and_position": Channel("private", is_private=True),
    "orders": Channel("private", "instType", is_private=True),
    "fills": Channel("private", is_private=True),
    "orders-algo": Channel("business", "instType", is_private=True),
    "algo-advance": Channel("business", "instType", is_private=True),
}
_VIP = frozenset({"books-l2-tbt", "books50-l2-tbt"})
"""Channels that want a fee tier which nobody has here."""


def find(exchange: Exchange, arg: Arg, url: str, *, is_logged_in: bool) -> Channel:
    """The channel of a subscription. Refusal 60018 for one that this URL has not (candles and algos are on business,
    trap 12), 60011 before the login, 64003 without the tier."""
    name = str(arg.get("channel", ""))
    if name in _VIP:
        raise refuse("64003") if is_logged_in else refuse("60011")
    channel = Channel("business", "instId") if _is_candle(name) else _CHANNELS.get(name)
    if channel is None or channel.url != url:
        raise refuse("60018", raw=_words(arg))
    if channel.is_private and not is_logged_in:
        raise refuse("60011")
    inst_id = arg.get("instId")
    if (channel.needs and not arg.get(channel.needs)) or (inst_id and inst_id not in exchange.contracts):
        raise refuse("60018", raw=_words(arg))
    return channel


def bar_of(name: str) -> str | None:
    """The bar of a candle channel.

    >>> bar_of("candle1Dutc"), bar_of("tickers")
    ('1Dutc', None)
    """
    return name.removeprefix(_CANDLE) if _is_candle(name) else None


def matches(arg: Arg, contract: Contract) -> bool:
    """Whether what happens in a contract belongs to a subscription."""
    return (
        arg.get("instType", SWAP) in {SWAP, "ANY"}
        and arg.get("instFamily", contract.family) == contract.family
        and arg.get("instId", contract.inst_id) == contract.inst_id
    )


def key_of(arg: Arg) -> str:
    """A subscription's own name: the same argument twice is one subscription."""
    return json.dumps(arg, sort_keys=True, default=str)


def _is_candle(name: str) -> bool:
    return name.startswith(_CANDLE) and is_bar(name.removeprefix(_CANDLE))


def _words(arg: Arg) -> str:
    return ",".join(f"{name}:{value}" for name, value in arg.items())
