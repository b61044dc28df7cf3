"""A small account for tests of orders, book and gate: USD/JPY in units, BTC swap in contracts of 0.01, JPY accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import MarketFrame
from ruleengine.model.event import Fill
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Intent, Order, Priority
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.book.margin import MarginWeights
from ruleengine.runtime.book.tags import Tags

USD_JPY = Instrument(
    "USD_JPY", "fx", "USD", "JPY", pip=Decimal("0.01"), tick=Decimal("0.001"), margin_rate=Decimal("0.04")
)
BTC_SWAP = Instrument(
    "BTC-USDT-SWAP", "perpetual", "BTC", "USDT", pip=Decimal("0.1"), tick=Decimal("0.1"), lot=Decimal("0.1"),
    min_size=Decimal("0.1"), min_value=Decimal(5), margin_rate=Decimal("0.1"), contract_size=Decimal("0.01"),
    size_unit="contracts",
)  # fmt: skip
INSTRUMENTS = {each.name: each for each in (USD_JPY, BTC_SWAP)}
TAGS = Tags({"M1Scalper": ["M1Scalper-trend-long"], "Hedge": []}, prefixes=("qr-",), pockets=("micro", "macro"))
LONG, SHORT = Side.LONG, Side.SHORT


def make_holdings(mode: Any = "hedging", tags: Tags = TAGS, balance: str = "500000") -> Holdings:
    """An account of 500,000 JPY without trades, as after its first snapshot."""
    markets = {name: MarketFrame() for name in INSTRUMENTS}
    weights = MarginWeights.of("net" if mode == "netting" else "max_side")
    holdings = Holdings(INSTRUMENTS, currency="JPY", mode=mode, weights=weights, tags=tags, markets=markets)
    holdings.adopt(VenueSnapshot(ts=0, balance=Decimal(balance), margin_used=Decimal(0)))
    return holdings


def make_fill(
    order_id: str, side: Side, units: str, price: str, trade_id: str, *, opens: bool = True, ts: int = 1, **more: Any
) -> Fill:
    instrument = more.pop("instrument", "USD_JPY")
    return Fill(ts, ts, instrument, order_id, side, Decimal(units), Decimal(price), trade_id, opens, **more)


def make_order(order_id: str, side: Side = LONG, units: str = "10000", **more: Any) -> Order:
    return Order(order_id, more.pop("instrument", "USD_JPY"), side, Decimal(units), **more)


def make_intent(
    intent_id: str = "i1", kind: Any = "entry", side: Side = LONG, units: str = "10000", **more: Any
) -> Intent:
    rule, instrument = more.pop("rule", "rule"), more.pop("instrument", "USD_JPY")
    return Intent(intent_id, kind, rule, Priority.ENTRY, instrument, side, Decimal(units), **more)


def state_of(trade_id: str, side: Side = LONG, units: str = "10000", price: str = "150", **more: Any) -> TradeState:
    """A trade as the venue states it, ours where nothing else is said."""
    more = {
        "opened_ns": 1,
        "client_id": f"qr-{trade_id}-micro-M1Scalper",
        "tag": "M1Scalper",
        "pocket": "micro",
        **more,
    }
    return TradeState(trade_id, more.pop("instrument", "USD_JPY"), side, Decimal(units), Decimal(price), **more)
