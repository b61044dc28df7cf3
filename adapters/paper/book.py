"""The starting book: trades that the account holds before the first event, ours and manual ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from adapters.paper.ledger import Ledger, OpenTrade
from adapters.paper.settings import NANOS, SettingsError, moment_ns
from ruleengine.model.side import Side


def load_trade(ledger: Ledger, row: Mapping[str, Any], next_id: Callable[[], str]) -> None:
    """Put a trade of the account file into the ledger; one without a client id is manual (FX-16)."""
    name = str(row["instrument"])
    terms = ledger.settings.terms.get(name)
    if terms is None:
        raise SettingsError(f"trades: instrument `{name}` is not among the instruments in use")
    if ledger.rate(terms.spec.quote) is None:
        raise SettingsError(
            f"trades: the trade in {name} can't be valued before the first quote: give `conversion.{terms.spec.quote}"
            f".rate`, in {ledger.settings.currency}"
        )
    opened = row.get("opened")
    trade = OpenTrade(
        id=str(row.get("id") or next_id()),
        instrument=name,
        side=Side(row["side"]),
        units=Decimal(str(row["units"])),
        price=Decimal(str(row["price"])),
        opened_ns=ledger.settings.start_ns - age_ns(row) if opened is None else moment_ns(opened),
        client_id=str(row.get("client_id") or ""),
        tag=str(row.get("tag") or ""),
        pocket=str(row.get("pocket") or ""),
        stop=None if row.get("stop") is None else Decimal(str(row["stop"])),
        target=None if row.get("target") is None else Decimal(str(row["target"])),
        leverage=None if row.get("leverage") is None else Decimal(str(row["leverage"])),
    )
    if trade.id in ledger.trades:
        raise SettingsError(f"trades: two trades have the id `{trade.id}`")
    ledger.trades[trade.id] = trade


def age_ns(row: Mapping[str, Any]) -> int:
    """How long before the first event the trade was opened."""
    return int(Decimal(str(row.get("age_s") or 0)) * NANOS)
