"""What is charged without an order: daily financing of FX positions, funding of perpetuals."""

from __future__ import annotations

from adapters.paper.ledger import Ledger
from adapters.paper.ticks import exact
from ruleengine.model.event import CashChange, Funding

_DAYS_A_YEAR = 365


def financing(ledger: Ledger, ts: int, days: int) -> list[CashChange]:
    """Financing of one rollover, an amount an instrument: value at the middle × yearly rate ÷ 365 × days.

    Units    rates as the account file states them: ratio a year, positive earns. Result: account currency.
    Source   OANDA fact sheet §4.6: at 17:00 New York, Wednesday carries three days.
    """
    changes: list[CashChange] = []
    for name in ledger.traded_instruments():
        terms = ledger.settings.terms[name]
        if not (terms.financing_long or terms.financing_short) or not ledger.views[name].is_priced:
            continue
        long_units, short_units = ledger.sides(name)
        yearly = long_units * terms.financing_long + short_units * terms.financing_short
        amount = ledger.value(name, yearly, ledger.views[name].mid) * days / _DAYS_A_YEAR
        changes.append(CashChange(ts, ts, ledger.credit(amount), "financing", name))
    return changes


def funding(ledger: Ledger, event: Funding) -> list[CashChange]:
    """Funding of a perpetual: longs pay value at the middle × rate, shorts receive it (OKX fact sheet §9)."""
    view = ledger.views.get(event.instrument)
    if view is None or not view.is_priced:
        return []
    long_units, short_units = ledger.sides(event.instrument)
    if long_units == short_units:
        return []
    amount = -exact(event.rate) * ledger.value(event.instrument, long_units - short_units, view.mid)
    return [CashChange(event.ts, event.ts_event, ledger.credit(amount), "funding", event.instrument)]
