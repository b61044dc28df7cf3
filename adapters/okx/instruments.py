"""The venue's instruments as ours: sizes in contracts, contracts in coins. Source: fact sheet §4.1.

Only linear swaps: value and margin of an inverse one are counted in its coin, which the model has no words for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from adapters.okx.api import Api, unreadable
from adapters.okx.rows import Row, figure, maybe, word
from adapters.wire.decimals import BadPayload
from ruleengine import log
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import VenueError

SWAP = "SWAP"
_PATH = "/api/v5/account/instruments"
_STATES = MappingProxyType({
    "suspend": "is suspended", "preopen": "is not open yet", "test": "is a test", "expired": "has ended",
    "rebase": "is being rebased",
})  # fmt: skip


async def instruments(api: Api, names: Sequence[str]) -> tuple[Instrument, ...]:
    """Those of the names that this account may trade, in the order asked. An unknown name is left out."""
    rows = {word(row, "instId"): row for row in await api.get(_PATH, {"instType": SWAP})}
    found = []
    for name in names:
        row = rows.get(name)
        why = "is not among the account's swaps" if row is None else why_not(row)
        if row is None or why:
            log.bound(venue="okx").warning("{} {}", name, why)
            continue
        try:
            found.append(instrument(row))
        except BadPayload as error:
            raise unreadable(error, f"instrument {name}") from None
    return tuple(found)


def why_not(row: Row) -> str:
    """Why an instrument can't be traded, or ""."""
    state = word(row, "state")
    if state != "live":
        return _STATES.get(state, f"is in state {state}")
    return "" if word(row, "ctType") == "linear" else "is inverse: its value is counted in coins"


def instrument(row: Row) -> Instrument:
    """A live linear swap. `contract_size` = ctVal × ctMult coins; the margin rate is that of the highest leverage (an
    order's own, set ahead, may want more). A swap's own base and quote are empty: they are in other fields.

    >>> btc = instrument({"instId": "BTC-USDT-SWAP", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC", "lever": "100",
    ...                   "settleCcy": "USDT", "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.01", "maxMktSz": "9000"})
    >>> btc.base, btc.quote, btc.contract_size, btc.lot, btc.margin_rate
    ('BTC', 'USDT', Decimal('0.01'), Decimal('0.01'), Decimal('0.01'))
    """
    lever = figure(row, "lever")
    if lever < 1:
        raise BadPayload(f"`lever` is below 1: {lever}")
    return Instrument(
        name=word(row, "instId"), kind="perpetual", base=word(row, "ctValCcy"), quote=word(row, "settleCcy"),
        pip=figure(row, "tickSz"), tick=figure(row, "tickSz"), lot=figure(row, "lotSz"), min_size=figure(row, "minSz"),
        max_size=_smallest(row, "maxMktSz", "maxLmtSz"), margin_rate=1 / lever,
        contract_size=figure(row, "ctVal") * figure(row, "ctMult"), size_unit="contracts", sessions="always",
    )  # fmt: skip


def other_terms(known: Instrument, row: Row) -> str:
    """What a row says of a live instrument against the terms that we trade it by, or "": they may change in the middle
    of a run."""
    now = instrument(row)
    if (now.tick, now.lot, now.min_size, now.contract_size) == (
        known.tick, known.lot, known.min_size, known.contract_size,
    ):  # fmt: skip
        return ""
    return (
        f"{known.name} has other terms now (tick {now.tick}, lot {now.lot}, least {now.min_size}, contract "
        f"{now.contract_size}): start anew to trade it"
    )


def changed(known: Mapping[str, Instrument], row: Row) -> str:
    """What a push of the instruments channel says against trading one of ours, or ""."""
    name = word(row, "instId")
    if name not in known:
        return ""
    why = why_not(row)
    return f"{name} {why}" if why else other_terms(known[name], row)


def need(found: Sequence[Instrument], names: Sequence[str]) -> None:
    """VenueError where none of the names can be traded."""
    if names and not found:
        raise VenueError(
            f"OKX has none of {', '.join(names)} for this account", code="51001", is_final=True,
            remedy="name swaps as the venue does, as in BTC-USDT-SWAP",
        )  # fmt: skip


def _smallest(row: Row, *names: str) -> Decimal | None:
    return min((value for name in names if (value := maybe(row, name))), default=None)
