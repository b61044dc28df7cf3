"""Prices as the pricing endpoints and the pricing stream give them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.catalogue import CATALOGUE
from adapters.oanda.simulator.conversion import eight
from adapters.oanda.simulator.errors import BadRequest
from adapters.oanda.simulator.execution import DEPTH
from adapters.oanda.simulator.formats import Moment
from adapters.oanda.simulator.margin import middle, worth
from adapters.oanda.simulator.records import NOTHING
from adapters.oanda.simulator.requests import Terms
from adapters.simulation.market import Market


def named(text: str | None, name: str = "instruments") -> list[str]:
    """Instruments of a comma-joined parameter. Raises BadRequest where it is missing or one is unknown."""
    found = [each for each in (text or "").split(",") if each]
    if not found or any(each not in CATALOGUE for each in found):
        raise BadRequest(name)
    return list(dict.fromkeys(found))


def price(market: Market, instrument: str) -> Terms:
    """What stream and endpoint share; integers for liquidity, as the specification has it."""
    top = market.top(instrument)
    bids, asks = market.book(instrument, DEPTH)
    return {
        "type": "PRICE",
        "time": Moment(top.ts_ns),
        "bids": [{"price": each.price, "liquidity": int(each.size)} for each in bids],
        "asks": [{"price": each.price, "liquidity": int(each.size)} for each in asks],
        "closeoutBid": bids[-1].price,
        "closeoutAsk": asks[-1].price,
        "status": "tradeable" if top.is_open else "non-tradeable",
        "tradeable": top.is_open,
        "instrument": instrument,
    }


def client_price(account: Account, instrument: str) -> Terms:
    """A price of the endpoint, with what the account may still open."""
    factors = account.conversion.factors(CATALOGUE[instrument].quote)
    return {
        **price(account.market, instrument),
        "unitsAvailable": _units_available(account, instrument),
        "quoteHomeConversionFactors": {
            "positiveUnits": eight(factors.gain),
            "negativeUnits": eight(factors.loss),
        },
    }


def home_conversions(account: Account, instruments: Sequence[str]) -> list[Terms]:
    """Factors of every currency that the instruments have."""
    currencies = dict.fromkeys(part for name in instruments for part in _currencies(name))
    rows = []
    for currency in currencies:
        factors = account.conversion.factors(currency)
        rows.append(
            {
                "currency": currency,
                "accountGain": eight(factors.gain),
                "accountLoss": eight(factors.loss),
                "positionValue": eight(factors.value),
            }
        )
    return rows


def _currencies(instrument: str) -> tuple[str, ...]:
    spec = CATALOGUE[instrument]
    return (spec.base, spec.quote) if spec.kind == "CURRENCY" else (spec.quote,)


def _units_available(account: Account, instrument: str) -> Terms:
    """Units that the free margin carries, whole; the specification calls it deprecated (trap 11)."""
    spec = CATALOGUE[instrument]
    factor = account.conversion.factors(spec.quote).value
    each = middle(account, instrument) * factor * max(account.margin_rate, spec.margin_rate)
    free = worth(account).available / each // 1
    long, short = account.units(instrument)
    opens = {"long": free, "short": free}
    net_long = free + (NOTHING if account.hedging else 2 * short)
    net_short = free + (NOTHING if account.hedging else 2 * long)
    return {
        "default": {"long": net_long, "short": net_short},
        "openOnly": opens,
        "reduceFirst": {"long": net_long, "short": net_short},
        "reduceOnly": {"long": Decimal(short), "short": Decimal(long)},
    }
