"""Orders and trades of an account, and how OANDA shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from adapters.oanda.simulator.catalogue import CATALOGUE, Spec
from adapters.oanda.simulator.figures import plain_units
from adapters.oanda.simulator.formats import Moment, money
from adapters.oanda.simulator.requests import DEPENDENT_TYPES, Terms

NOTHING = Decimal(0)
DEPENDENT_KEYS = {
    "TAKE_PROFIT": "takeProfitOrder",
    "STOP_LOSS": "stopLossOrder",
    "TRAILING_STOP_LOSS": "trailingStopLossOrder",
}


@dataclass(slots=True)
class OrderRecord:
    """An order. `terms`: see `requests`. `ends`: what its state adds (`fillingTransactionID` …). `trailing`: where a
    trailing stop stands now."""

    id: str
    type: str
    terms: Terms
    instrument: str
    created: Moment
    state: str = "PENDING"
    ends: Terms = field(default_factory=dict)
    expires: Moment | None = None
    trailing: Decimal | None = None
    level_at_creation: Decimal = NOTHING

    @property
    def spec(self) -> Spec:
        return CATALOGUE[self.instrument]

    @property
    def is_pending(self) -> bool:
        return self.state == "PENDING"

    @property
    def is_dependent(self) -> bool:
        return self.type in DEPENDENT_TYPES

    @property
    def client_id(self) -> str:
        return str(self.terms.get("clientExtensions", {}).get("id", ""))

    @property
    def trade_id(self) -> str:
        """The trade that a take profit or stop belongs to."""
        return str(self.terms.get("tradeID", ""))

    def payload(self) -> Terms:
        found = {
            "id": self.id,
            "createTime": self.created,
            "type": self.type,
            **self.terms,
            "state": self.state,
            **self.ends,
        }
        if self.trailing is not None:
            found["trailingStopValue"] = self.trailing
        return found


@dataclass(slots=True)
class Trade:
    """A trade; units are signed. `financing`, `realized`: account currency. `closed_value`: Σ units × price of what
    was closed, for its average. `dependents`: order id by type."""

    id: str
    instrument: str
    price: Decimal
    opened: Moment
    initial_units: Decimal
    units: Decimal
    initial_margin: Decimal
    extensions: Terms = field(default_factory=dict)
    realized: Decimal = NOTHING
    financing: Decimal = NOTHING
    closings: list[str] = field(default_factory=list)
    closed_units: Decimal = NOTHING
    closed_value: Decimal = NOTHING
    closed: Moment | None = None
    dependents: dict[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> Spec:
        return CATALOGUE[self.instrument]

    @property
    def is_open(self) -> bool:
        return self.closed is None

    @property
    def is_long(self) -> bool:
        return self.initial_units > 0

    @property
    def client_id(self) -> str:
        return str(self.extensions.get("id", ""))

    def payload(self) -> Terms:
        """What does not depend on the price, and no dependent orders."""
        found: Terms = {
            "id": self.id,
            "instrument": self.instrument,
            "price": self.price,
            "openTime": self.opened,
            "initialUnits": plain_units(self.initial_units),
            "initialMarginRequired": money(self.initial_margin),
            "state": "OPEN" if self.is_open else "CLOSED",
            "currentUnits": plain_units(self.units),
            "realizedPL": money(self.realized),
            "financing": money(self.financing),
        }
        if self.closings:
            found["closingTransactionIDs"] = list(self.closings)
            found["averageClosePrice"] = (self.closed_value / self.closed_units).quantize(self.spec.tick, ROUND_HALF_UP)
        if self.closed is not None:
            found["closeTime"] = self.closed
        if self.extensions:
            found["clientExtensions"] = dict(self.extensions)
        return found


@dataclass(slots=True)
class SideTotals:
    """What one side of an instrument has come to since the account began, in account currency."""

    pl: Decimal = NOTHING
    financing: Decimal = NOTHING
