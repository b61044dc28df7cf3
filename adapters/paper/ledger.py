"""The account: balance, open trades, margin and equity, and what a fill, a fee or a financing does to them.

Longs are marked at the bid, shorts at the ask (the price that closes them); margin counts the middle (OANDA fact sheet
§14). Amounts are in account currency, kept to 1e-8.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from adapters.paper import isolated, ticks
from adapters.paper.margin import margin_required
from adapters.paper.settings import Settings, SettingsError
from adapters.paper.ticks import exact
from adapters.paper.view import MarketView
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState

_CENT = Decimal("0.00000001")


@dataclass(slots=True)
class OpenTrade:
    """One entry lot until closed. `is_stopping`: its stop was hit and found too little size; it goes on."""

    id: str
    instrument: str
    side: Side
    units: Decimal
    price: Decimal
    opened_ns: int
    client_id: str = ""
    tag: str = ""
    pocket: str = ""
    stop: Decimal | None = None
    target: Decimal | None = None
    leverage: Decimal | None = None
    is_stopping: bool = False

    def as_stated(self) -> TradeState:
        return TradeState(**{each.name: getattr(self, each.name) for each in fields(TradeState)})


class Ledger:
    """Balance and trades of one account over the markets it sees."""

    def __init__(self, settings: Settings, views: dict[str, MarketView]) -> None:
        self.settings = settings
        self.views = views
        self.balance = settings.balance
        self.trades: dict[str, OpenTrade] = {}

    # --- prices --------------------------------------------------------------------------------------------------

    def rate(self, quote: str) -> Decimal | None:
        """Account currency for one unit of a quote currency, at the middle; None while it can't be known."""
        if quote == self.settings.currency:
            return Decimal(1)
        how = self.settings.conversion[quote]
        view = self.views.get(how.instrument)
        if view is not None and view.is_priced:
            return 1 / view.mid if how.is_inverse else view.mid
        return how.rate

    def known_rate(self, quote: str) -> Decimal:
        rate = self.rate(quote)
        if rate is None:
            raise SettingsError(
                f"no rate from {quote} to {self.settings.currency} yet: give `conversion.{quote}.rate`, "
                "which holds until the first quote"
            )
        return rate

    def value(self, instrument: str, units: Decimal, price: Decimal) -> Decimal:
        """Value of units at a price, in account currency."""
        spec = self.settings.terms[instrument].spec
        return units * spec.contract_size * price * self.known_rate(spec.quote)

    # --- figures of the account ------------------------------------------------------------------------------------

    def sides(self, instrument: str) -> tuple[Decimal, Decimal]:
        """Open long and short units of an instrument, both positive."""
        long_units = short_units = Decimal(0)
        for trade in self.trades.values():
            if trade.instrument == instrument:
                if trade.side is Side.LONG:
                    long_units += trade.units
                else:
                    short_units += trade.units
        return long_units, short_units

    def margin_of(self, instrument: str, long_units: Decimal, short_units: Decimal) -> Decimal:
        """Margin of one instrument with these sides, at its middle (before the first price: at the entries')."""
        if not long_units and not short_units:
            return Decimal(0)
        terms = self.settings.terms[instrument]
        required = margin_required(
            self.settings.margin_model,
            long_units,
            short_units,
            self._margin_price(instrument),
            terms.margin_rate,
            share=self.settings.margin_share,
            contract_size=terms.spec.contract_size,
        )
        return _rounded(required * self.known_rate(terms.spec.quote))

    def margin_used(self, *, is_leveraged_only: bool = False) -> Decimal:
        """Margin of all instruments. `is_leveraged_only`: without fully paid ones, which no margin call can reach."""
        if self.settings.margin_model == "isolated":
            return isolated.used(self)
        total = Decimal(0)
        for instrument in self.traded_instruments():
            if not (is_leveraged_only and self.settings.terms[instrument].margin_rate >= 1):
                total += self.margin_of(instrument, *self.sides(instrument))
        return total

    def traded_instruments(self) -> list[str]:
        """Instruments with open trades, oldest trade first."""
        return list(dict.fromkeys(trade.instrument for trade in self.trades.values()))

    def unrealised_of(self, trade: OpenTrade) -> Decimal:
        view = self.views[trade.instrument]
        if not view.is_priced:
            return Decimal(0)
        closing = exact(view.bid if trade.side is Side.LONG else view.ask)
        return self._result(trade, trade.units, closing)

    def equity(self) -> Decimal:
        """Balance and the open result of every trade (the venue's net asset value)."""
        return self.balance + sum((self.unrealised_of(trade) for trade in self.trades.values()), Decimal(0))

    # --- changes ---------------------------------------------------------------------------------------------------

    def reduce(self, trade: OpenTrade, units: Decimal, price: Decimal) -> Decimal:
        """Close a part or all of a trade; the realised result, which the balance then has."""
        realised = self._result(trade, units, price)
        self.balance += realised
        trade.units -= units
        if trade.units == 0:
            del self.trades[trade.id]
        return realised

    def add(self, trade: OpenTrade) -> None:
        """A new trade, or a later fill of the order that opened it: then the price is the average."""
        held = self.trades.get(trade.id)
        if held is None:
            self.trades[trade.id] = trade
            return
        total = held.units + trade.units
        held.price = (held.price * held.units + trade.price * trade.units) / total
        held.units = total

    def charge_fee(self, instrument: str, side: Side, units: Decimal, price: Decimal, *, is_maker: bool) -> Decimal:
        """Fee and tax of a fill, which the balance then lacks."""
        fee = self.fee_of(instrument, side, units, price, is_maker=is_maker)
        self.balance -= fee
        return fee

    def fee_of(self, instrument: str, side: Side, units: Decimal, price: Decimal, *, is_maker: bool) -> Decimal:
        fees = self.settings.terms[instrument].fees
        rate = fees.maker if is_maker else fees.taker
        if not (rate or fees.per_order or fees.minimum or fees.sell_tax):
            return Decimal(0)
        value = self.value(instrument, units, price)
        fee = max(value * rate + fees.per_order, fees.minimum)
        if side is Side.SHORT:
            fee += value * fees.sell_tax
        return _rounded(fee)

    def credit(self, amount: Decimal) -> Decimal:
        """Financing or funding; the amount as booked."""
        amount = _rounded(amount)
        self.balance += amount
        return amount

    def _result(self, trade: OpenTrade, units: Decimal, price: Decimal) -> Decimal:
        spec = self.settings.terms[trade.instrument].spec
        moved = (price - trade.price) * trade.side.sign
        return _rounded(moved * units * spec.contract_size * self.known_rate(spec.quote))

    def _margin_price(self, instrument: str) -> Decimal:
        """The middle, for FX on the tick grid as the broker rounds it (half to even: 752 of 752 recorded fills; without
        rounding 743); before the first price the entries' average."""
        view, spec = self.views[instrument], self.settings.terms[instrument].spec
        if not view.is_priced:
            return self._entry_price(instrument)
        return ticks.nearest(view.mid, spec.tick) if spec.kind == "fx" else view.mid

    def _entry_price(self, instrument: str) -> Decimal:
        lots = [trade for trade in self.trades.values() if trade.instrument == instrument]
        units = sum((trade.units for trade in lots), Decimal(0))
        return sum((trade.price * trade.units for trade in lots), Decimal(0)) / units

    # --- state -----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"balance": str(self.balance), "trades": [_trade_state(trade) for trade in self.trades.values()]}

    def restore(self, state: dict[str, Any]) -> None:
        self.balance = Decimal(state["balance"])
        self.trades = {row["id"]: _trade_from(row) for row in state["trades"]}


def _rounded(amount: Decimal) -> Decimal:
    """To 1e-8, without trailing zeros and without an exponent."""
    amount = amount.quantize(_CENT).normalize()
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


def _trade_state(trade: OpenTrade) -> dict[str, Any]:
    return {
        "id": trade.id,
        "instrument": trade.instrument,
        "side": trade.side.value,
        "units": str(trade.units),
        "price": str(trade.price),
        "opened_ns": trade.opened_ns,
        "client_id": trade.client_id,
        "tag": trade.tag,
        "pocket": trade.pocket,
        "stop": None if trade.stop is None else str(trade.stop),
        "target": None if trade.target is None else str(trade.target),
        "leverage": None if trade.leverage is None else str(trade.leverage),
        "is_stopping": trade.is_stopping,
    }


def _trade_from(row: dict[str, Any]) -> OpenTrade:
    values = dict(row)
    values["side"] = Side(row["side"])
    for key in ("units", "price", "stop", "target", "leverage"):
        values[key] = None if row.get(key) is None else Decimal(row[key])
    return OpenTrade(**values)
