"""Instruments that the paper venue knows without asking anyone.

FX: pip and display precision as the broker states them, units of the base currency, margin 4 % (OANDA fact sheet §4.2,
§14). OKX swaps: contract value, lot and minimum in contracts (OKX fact sheet §4.1); the venue may change ticks, so an
account file can override every figure. KRX: one share a lot, tick by price (KIS fact sheet §4.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ruleengine.model.instrument import Instrument

_FX_MARGIN = Decimal("0.04")
_FX_PAIRS = (
    "EUR_USD", "GBP_USD", "AUD_USD", "NZD_USD", "USD_CHF", "USD_CAD", "EUR_GBP", "EUR_CHF", "AUD_NZD",
    "USD_JPY", "EUR_JPY", "GBP_JPY", "AUD_JPY", "NZD_JPY", "CAD_JPY", "CHF_JPY",
)  # fmt: skip

_SWAPS: tuple[tuple[str, str, str, str], ...] = (
    # base, contract value, tick, lot and minimum (contracts)
    ("BTC", "0.01", "0.1", "0.01"),
    ("ETH", "0.1", "0.01", "0.01"),
    ("SOL", "1", "0.01", "0.01"),
    ("XRP", "100", "0.0001", "0.01"),
    ("DOGE", "1000", "0.00001", "0.01"),
)
_SWAP_MARGIN = Decimal("0.01")  # the venue's highest leverage; the account's own leverage is what counts

_KRX_STOCKS = ("005930", "000660", "035420", "035720", "005380", "051910", "068270", "207940", "247540", "086520")
_KRX_ETFS = ("396500", "069500", "122630", "114800")
_US_STOCKS = ("SPY", "AAPL", "MSFT", "QQQ")


def known(names: Sequence[str]) -> tuple[Instrument, ...]:
    """Specifications of the names it knows, in the order asked; unknown names are left out. Of the KRX it knows every
    code.

    >>> [(i.name, str(i.pip), str(i.tick)) for i in known(["USD_JPY", "NO_SUCH", "EUR_USD"])]
    [('USD_JPY', '0.01', '0.001'), ('EUR_USD', '0.0001', '0.00001')]
    """
    return tuple(found for name in names if (found := _CATALOGUE.get(name) or _listed(name)) is not None)


def _listed(name: str) -> Instrument | None:
    """A Korean share by its code alone: six characters, newer ones with letters (KIS fact sheet §4.1). Its tick table
    is that of stocks, where an account file doesn't say `krx_etf`."""
    is_code = len(name) == 6 and name[:1].isdigit() and name.isalnum() and name.isascii() and name.upper() == name
    return _krx(name) if is_code else None


def names() -> tuple[str, ...]:
    """Every name it knows."""
    return tuple(_CATALOGUE)


def _fx(name: str) -> Instrument:
    base, quote = name.split("_")
    is_yen = quote == "JPY"
    return Instrument(
        name=name,
        kind="fx",
        base=base,
        quote=quote,
        pip=Decimal("0.01") if is_yen else Decimal("0.0001"),
        tick=Decimal("0.001") if is_yen else Decimal("0.00001"),
        max_size=Decimal(100_000_000),
        margin_rate=_FX_MARGIN,
        sessions="fx",
    )


def _swap(base: str, contract_size: str, tick: str, lot: str) -> Instrument:
    return Instrument(
        name=f"{base}-USDT-SWAP",
        kind="perpetual",
        base=base,
        quote="USDT",
        pip=Decimal(tick),
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_size=Decimal(lot),
        margin_rate=_SWAP_MARGIN,
        contract_size=Decimal(contract_size),
        size_unit="contracts",
    )


def _krx(name: str) -> Instrument:
    """Whole shares, tick by price, ±30 % a day, no short sales (KIS fact sheet §4.6, §10)."""
    return Instrument(
        name=name,
        kind="stock",
        base=name,
        quote="KRW",
        pip=Decimal(1),
        tick=Decimal(1),
        sessions="krx",
        ticks="krx_etf" if name in _KRX_ETFS else "krx_stock",
        can_short=False,
        price_limit=Decimal("0.3"),
    )


def _us(name: str) -> Instrument:
    cent = Decimal("0.01")
    return Instrument(name=name, kind="stock", base=name, quote="USD", pip=cent, tick=cent, sessions="us")


_CATALOGUE: dict[str, Instrument] = {
    spec.name: spec
    for spec in (
        *(_fx(name) for name in _FX_PAIRS),
        *(_swap(*row) for row in _SWAPS),
        *(_krx(name) for name in (*_KRX_STOCKS, *_KRX_ETFS)),
        *(_us(name) for name in _US_STOCKS),
    )
}
