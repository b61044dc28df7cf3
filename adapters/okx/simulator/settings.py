"""What a run of the simulator can be told: names, meanings, defaults, and the reading of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

OPTIONS: Mapping[str, str] = {
    "balance": "USDT that a new account has (10000)",
    "account_level": "acctLv of a new account: 1 spot, 2 futures, 3 multi-currency, 4 portfolio (2)",
    "position_mode": "posMode of a new account: net_mode or long_short_mode (net_mode)",
    "leverage": "leverage that an instrument has until it is set (10)",
    "limits": "rate limits of the venue: on or off (on)",
    "environment": "demo wants the header x-simulated-trading: 1, live refuses it, any takes both (any)",
    "key": "an API key whose signatures are checked to the byte (simulated-key)",
    "secret": "its secret (simulated-secret)",
    "passphrase": "its passphrase (simulated-passphrase)",
    "other_keys": "keys beside it: accept any well-formed one, each with its own account, or refuse (accept)",
    "funding_hours": "hours between fundings: 1, 2, 4 or 8 (8)",
    "funding_rate": "rate of every funding as a ratio, or seeded (seeded)",
    "taker_fee": "share of the notional that a taker pays (0.0005)",
    "maker_fee": "share of the notional that a maker pays (0.0002)",
    "depth": "levels that a book has on each side, 1 to 400 (100)",
    "book_size": "contracts at the best level, or default (default)",
    "excess_reduce_only": "a reduce-only order above its position: refuse it, or cut it to the position (refuse)",
    "fills_lag_s": "seconds by which REST's fills lag behind the order's state, 0 to 60 (0)",
    "idle_s": "seconds of silence after which a socket is closed (30)",
}
"""As `--set NAME=VALUE` takes them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options, read. Units: USDT, ratios, hours, contracts, seconds."""

    balance: Decimal = Decimal(10_000)
    account_level: str = "2"
    position_mode: str = "net_mode"
    leverage: Decimal = Decimal(10)
    has_limits: bool = True
    environment: str = "any"
    key: str = "simulated-key"
    secret: str = "simulated-secret"  # noqa: S105  # no secret: printed in the greeting
    passphrase: str = "simulated-passphrase"  # noqa: S105  # likewise
    accepts_others: bool = True
    funding_hours: int = 8
    funding_rate: Decimal | None = None
    taker: Decimal = Decimal("0.0005")
    maker: Decimal = Decimal("0.0002")
    depth: int = 100
    book_size: Decimal | None = None
    cuts_excess: bool = False
    fills_lag_s: float = 0.0
    idle_s: float = 30.0


def read(options: Mapping[str, str]) -> Settings:
    """The settings of these options. Raises ValueError with a sentence that names option and values.

    >>> read({"leverage": "5", "limits": "off"}).has_limits
    False
    >>> read({"leverage": "0"})
    Traceback (most recent call last):
    ValueError: leverage is a number from 1 to 125, not `0`
    """
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise ValueError(f"no option `{unknown[0]}`: the OKX simulator takes {', '.join(OPTIONS)}")
    base = Settings()
    rate = options.get("funding_rate", "seeded")
    size = options.get("book_size", "default")
    return Settings(
        balance=_number(options, "balance", base.balance, "0", "1000000000"),
        account_level=_word(options, "account_level", base.account_level, ("1", "2", "3", "4")),
        position_mode=_word(options, "position_mode", base.position_mode, ("net_mode", "long_short_mode")),
        leverage=_number(options, "leverage", base.leverage, "1", "125"),
        has_limits=_word(options, "limits", "on", ("on", "off")) == "on",
        environment=_word(options, "environment", base.environment, ("any", "demo", "live")),
        key=options.get("key", base.key),
        secret=options.get("secret", base.secret),
        passphrase=options.get("passphrase", base.passphrase),
        accepts_others=_word(options, "other_keys", "accept", ("accept", "refuse")) == "accept",
        funding_hours=int(_word(options, "funding_hours", "8", ("1", "2", "4", "8"))),
        funding_rate=None if rate == "seeded" else _number(options, "funding_rate", base.taker, "-0.05", "0.05"),
        taker=_number(options, "taker_fee", base.taker, "-0.01", "0.01"),
        maker=_number(options, "maker_fee", base.maker, "-0.01", "0.01"),
        depth=int(_number(options, "depth", Decimal(base.depth), "1", "400")),
        book_size=None if size == "default" else _number(options, "book_size", base.taker, "0.01", "1000000"),
        cuts_excess=_word(options, "excess_reduce_only", "refuse", ("refuse", "cut")) == "cut",
        fills_lag_s=float(_number(options, "fills_lag_s", Decimal(0), "0", "60")),
        idle_s=float(_number(options, "idle_s", Decimal(30), "0.1", "3600")),
    )


def _number(options: Mapping[str, str], name: str, default: Decimal, least: str, most: str) -> Decimal:
    raw = options.get(name)
    if raw is None:
        return default
    try:
        value = Decimal(raw)
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and Decimal(least) <= value <= Decimal(most)):
        raise ValueError(f"{name} is a number from {least} to {most}, not `{raw}`")
    return value


def _word(options: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = options.get(name, default)
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not `{value}`")
    return value
