"""What the simulator can be told with `--set NAME=VALUE`, and how a value is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

OPTIONS: Mapping[str, str] = {
    "cash": "money of a new account in won (10000000)",
    "environment": "`both`: a tr_id tells live from mock; `live` or `mock`: only that one (both)",
    "hours": "`always`: every hour of every day trades; `krx`: KRX's hours, auctions and holidays (always)",
    "token_rule": "`on`: one token a minute and key, else 403 EGW00133, as the venue does; `off`: no limit (off)",
    "live_per_s": "REST calls a second and live key, 0: no limit (20, the venue's)",
    "mock_per_s": "REST calls a second and mock key, 0: no limit (2, the venue's)",
    "registrations": "registrations of one WebSocket session (41, measured at the venue)",
    "notice_fields": "fields of a notice of own orders: 26, or 23 as before March 2025 (26)",
    "pingpong_s": "seconds between PINGPONG messages (10)",
    "pingpong_patience": "PINGPONGs left without echo that end a session, 0: none does (3)",
    "step_ms": "milliseconds between pictures of the market (500)",
    "fee_rate": "commission, share of the amount (0.00015)",
    "tax_rate": "tax on sales, share of the amount (0.002)",
    "vi_s": "seconds that a volatility interruption lasts (120)",
    "daily_lag_s": "seconds that mock's list of orders runs behind fills, as mock was seen to do (0)",
    "holdings": "shares of a new account, `005930:10@70000,000660:5@180000` (none)",
    "loans": "shares of a new account that were bought on credit, in rows of their own, `005930:3@70000` (none)",
}
"""Each option with its meaning and, in brackets, its default."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Read options. `holdings` and `loans`: (symbol, quantity, average price). Money in won, rates as shares."""

    cash: int = 10_000_000
    environment: str = "both"
    hours: str = "always"
    token_rule: bool = False
    live_per_s: int = 20
    mock_per_s: int = 2
    registrations: int = 41
    notice_fields: int = 26
    pingpong_s: Decimal = Decimal(10)
    pingpong_patience: int = 3
    step_ms: int = 500
    fee_rate: Decimal = Decimal("0.00015")
    tax_rate: Decimal = Decimal("0.002")
    vi_s: Decimal = Decimal(120)
    daily_lag_s: Decimal = Decimal(0)
    holdings: tuple[tuple[str, int, int], ...] = ()
    loans: tuple[tuple[str, int, int], ...] = ()


def read(options: Mapping[str, str]) -> Settings:
    """The settings that options state.

    Raises  ValueError  for an option there is none of, or a value that can't be taken.

    >>> read({"cash": "5000000", "token_rule": "on"}).cash
    5000000
    """
    found: dict[str, Any] = {}
    for name, text in options.items():
        reader = _READERS.get(name)
        if reader is None:
            raise ValueError(f"the simulator of kis has no option `{name}`: it has {', '.join(OPTIONS)}")
        try:
            found[name] = reader(text.strip())
        except (ValueError, InvalidOperation):
            raise ValueError(f"option `{name}` can't be `{text}`: {OPTIONS[name]}") from None
    return Settings(**found)


def _count(text: str, low: int = 0) -> int:
    value = int(text)
    if value < low:
        raise ValueError(text)
    return value


def _number(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or value < 0:
        raise ValueError(text)
    return value


def _positive(text: str) -> Decimal:
    if value := _number(text):
        return value
    raise ValueError(text)


def _switch(text: str) -> bool:
    return bool(_one_of("off", "on")(text) == "on")


def _one_of(*words: str) -> Callable[[str], str]:
    def reader(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return reader


def _holdings(text: str) -> tuple[tuple[str, int, int], ...]:
    rows = []
    for part in filter(None, text.split(",")):
        symbol, _, rest = part.partition(":")
        quantity, _, price = rest.partition("@")
        rows.append((symbol.strip(), _count(quantity, 1), _count(price, 1)))
    return tuple(rows)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "cash": _count,
    "environment": _one_of("both", "live", "mock"),
    "hours": _one_of("always", "krx"),
    "token_rule": _switch,
    "live_per_s": _count,
    "mock_per_s": _count,
    "registrations": lambda text: _count(text, 1),
    "notice_fields": lambda text: int(_one_of("23", "26")(text)),
    "pingpong_s": _positive,
    "pingpong_patience": _count,
    "step_ms": lambda text: _count(text, 1),
    "fee_rate": _number,
    "tax_rate": _number,
    "vi_s": _positive,
    "daily_lag_s": _number,
    "holdings": _holdings,
    "loans": _holdings,
}

assert set(_READERS) == set(OPTIONS) == {each.name for each in dataclasses.fields(Settings)}
