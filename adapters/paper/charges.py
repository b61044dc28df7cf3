"""What is charged without an order: daily financing of FX positions, funding of perpetuals."""

from __future__ import annotations

from typing import Any

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


class Fundings:
    """Funding of perpetuals: longs pay value at the middle × rate, shorts receive it, each at its own time and once
    (OKX fact sheet §9). A venue states the next rate ahead, and again as it changes: the last one stated counts."""

    def __init__(self) -> None:
        self._ahead: dict[str, dict[int, float]] = {}
        """By instrument: rates by the time at which they are charged."""
        self._charged_ns: dict[str, int] = {}

    def state_ahead(self, event: Funding) -> bool:
        """Keep a rate for its time; whether that time is new."""
        rates = self._ahead.setdefault(event.instrument, {})
        is_new = event.ts_event not in rates
        rates[event.ts_event] = event.rate
        return is_new

    def charge_stated(self, ledger: Ledger, instrument: str, due_ns: int) -> list[CashChange]:
        """What was stated ahead for this time."""
        rate = self._ahead[instrument].pop(due_ns)
        return self.charge(ledger, Funding(due_ns, due_ns, instrument, rate))

    def charge(self, ledger: Ledger, event: Funding) -> list[CashChange]:
        """Charge a funding whose time has come; nothing for one that was charged before."""
        if event.ts_event <= self._charged_ns.get(event.instrument, -1):
            return []
        self._charged_ns[event.instrument] = event.ts_event
        view = ledger.views.get(event.instrument)
        if view is None or not view.is_priced:
            return []
        long_units, short_units = ledger.sides(event.instrument)
        if long_units == short_units:
            return []
        amount = -exact(event.rate) * ledger.value(event.instrument, long_units - short_units, view.mid)
        return [CashChange(event.ts, event.ts_event, ledger.credit(amount), "funding", event.instrument)]

    def state(self) -> dict[str, Any]:
        ahead = [[name, due, rate] for name, rates in self._ahead.items() for due, rate in rates.items()]
        return {"ahead": ahead, "charged": dict(self._charged_ns)}

    def restore(self, state: dict[str, Any]) -> None:
        self._ahead = {}
        for name, due, rate in state["ahead"]:
            self._ahead.setdefault(name, {})[due] = rate
        self._charged_ns = dict(state["charged"])
