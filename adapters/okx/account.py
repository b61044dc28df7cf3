"""What the account says of itself, and all of it at one instant. Source: fact sheet §5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from adapters.okx.api import Api
from adapters.okx.instruments import SWAP
from adapters.okx.names import is_protection
from adapters.okx.rows import MS, Row, figure, maybe, time_ms, word
from adapters.wire.decimals import BadPayload
from ruleengine.model.instrument import Instrument
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueAccount, VenueError, VenueSnapshot

CURRENCY = "USDT"
NET, LONG_SHORT = "net_mode", "long_short_mode"
MarginMode = Literal["cross", "isolated"]


@dataclass(frozen=True, slots=True)
class Mode:
    """How orders must be written for this account (trap 4). `nets`: one signed position an instrument; else one a side.
    `margin`: tdMode of our orders."""

    nets: bool
    margin: MarginMode


async def config(api: Api) -> Row:
    """The account's own flags."""
    rows = await api.get("/api/v5/account/config")
    if not rows:
        raise VenueError("OKX says nothing of the account", code="body")
    row: Row = rows[0]
    return row


def mode(row: Row, margin: MarginMode) -> Mode:
    """From `/account/config`; VenueError for an account that can't trade swaps, or not safely."""
    position_mode = word(row, "posMode")
    if position_mode not in (NET, LONG_SHORT):
        raise VenueError(f"OKX names a position mode that is not known: `{position_mode[:24]}`", code="payload")
    if word(row, "acctLv") == "1":
        raise VenueError(
            "the account is in spot mode, which has no swaps", code="51010", is_final=True,
            remedy="change the account's mode to `Futures` or `Multi-currency margin` in its settings",
        )  # fmt: skip
    if word(row, "acctLv") == "4":
        raise VenueError(
            "the account is in portfolio margin mode, which has no reduce-only orders: an exit could open a position",
            code="51010", is_final=True,
            remedy="change the account's mode to `Futures` or `Multi-currency margin` in its settings",
        )  # fmt: skip
    return Mode(position_mode == NET, margin)


def account(row: Row, mode: Mode, environment: Literal["practice", "live"]) -> VenueAccount:
    """The account as its flags state it. Cross margin nets in net mode; in long/short mode each side has its own."""
    model = "isolated" if mode.margin == "isolated" else "net" if mode.nets else "gross"
    named = ("acctLv", "posMode", "perm", "level", "label", "ctIsoMode", "ip")
    flags = ((name, word(row, name)) for name in named if word(row, name))
    return VenueAccount(
        id=word(row, "uid"), currency=CURRENCY, mode="netting" if mode.nets else "hedging", environment=environment,
        margin_model=model, flags=(*flags, ("tdMode", mode.margin)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Position:
    """One position. `units` positive, contracts. `book_key`: (instrument, posSide)."""

    row: Row
    instrument: str
    margin_mode: str
    pos_side: str
    side: Side
    units: Decimal

    @property
    def signed(self) -> Decimal:
        """As fills add up: below zero only for a short of net mode."""
        return -self.units if self.pos_side == "net" and self.side is Side.SHORT else self.units


def positions(rows: Sequence[Row]) -> list[Position]:
    """Open positions; one that was closed lately may still be listed with nothing in it. In net mode alone a short is
    below zero (trap 5)."""
    found = []
    for row in rows:
        size = maybe(row, "pos")
        if word(row, "instType") not in ("", SWAP) or not size:
            continue
        pos_side = word(row, "posSide")
        if pos_side not in ("net", "long", "short"):
            raise BadPayload(f"`posSide` is none of net, long, short: {pos_side[:12]}")
        is_short = pos_side == "short" or (pos_side == "net" and size < 0)
        side = Side.SHORT if is_short else Side.LONG
        found.append(Position(row, word(row, "instId"), word(row, "mgnMode"), pos_side, side, abs(size)))
    return found


def trade_id(instrument: str, side: Side, margin_mode: str, ours: MarginMode) -> str:
    """The stable name of a position's side. One of the other margin mode is told apart; no order of ours touches it.

    >>> [trade_id("ETH-USDT-SWAP", Side.LONG, mode, "cross") for mode in ("cross", "isolated")]
    ['ETH-USDT-SWAP:long', 'ETH-USDT-SWAP:long:isolated']
    """
    name = f"{instrument}:{side.value}"
    return name if margin_mode in ("", ours) else f"{name}:{margin_mode}"


def trade(position: Position, ours: MarginMode, waiting: Sequence[Row] = ()) -> TradeState:
    """A position as an open trade, with what it meets first of its stops and targets. They wait as orders of their own
    (`waiting`; one of a rule is left out), or close the position as a whole (`closeOrderAlgo`)."""
    row = position.row
    attached = [one for one in row.get("closeOrderAlgo") or () if isinstance(one, Mapping)]
    attached += [one for one in waiting if _is_of_no_rule(one) and _protects(one, position)]
    nearest = max if position.side is Side.LONG else min
    stops = [price for one in attached if (price := maybe(one, "slTriggerPx"))]
    farther = min if position.side is Side.LONG else max
    targets = [price for one in attached if (price := maybe(one, "tpTriggerPx"))]
    return TradeState(
        id=trade_id(position.instrument, position.side, position.margin_mode, ours), instrument=position.instrument,
        side=position.side, units=position.units, price=figure(row, "avgPx"),
        opened_ns=time_ms(row, "cTime", "uTime") * MS,
        stop=nearest(stops, default=None), target=farther(targets, default=None), leverage=maybe(row, "lever"),
    )  # fmt: skip


def _is_of_no_rule(waiting: Row) -> bool:
    name = word(waiting, "algoClOrdId")
    return not name or is_protection(name)


def _protects(waiting: Row, position: Position) -> bool:
    closes = "sell" if position.side is Side.LONG else "buy"
    kept = ("instId", position.instrument), ("tdMode", position.margin_mode), ("posSide", position.pos_side)
    return word(waiting, "side") == closes and all(word(waiting, name) == value for name, value in kept)


@dataclass(frozen=True, slots=True)
class Money:
    """Balance as the model means it, and when it last changed, venue's ms."""

    balance: Decimal
    changed_ms: int


def money(rows: Sequence[Row]) -> Money:
    """Equity of the currency without what is not realised and without what trading bots hold: cash, and what isolated
    positions took of it. VenueError where the venue does not state it: unknown, never 0."""
    detail = next((one for row in rows for one in row.get("details") or () if word(one, "ccy") == CURRENCY), None)
    if detail is None:
        raise VenueError(
            f"the account has never held {CURRENCY}", code="balance",
            remedy=f"move {CURRENCY} into the trading account; on demo, ask for demo money",
        )  # fmt: skip
    unrealised, bots = maybe(detail, "upl") or Decimal(0), maybe(detail, "stgyEq") or Decimal(0)
    return Money(figure(detail, "eq") - unrealised - bots, time_ms(detail, "uTime"))


def margin_used(held: Sequence[Position], terms: Mapping[str, Instrument]) -> Decimal:
    """Margin of all positions: `imr` of a cross one, `margin` of an isolated one (each stands only in one of them);
    where the venue leaves it out, value at the mark over leverage."""
    return sum((_margin(one, terms) for one in held), Decimal(0))


def _margin(one: Position, terms: Mapping[str, Instrument]) -> Decimal:
    stated = maybe(one.row, "margin" if one.margin_mode == "isolated" else "imr")
    if stated is not None:
        return stated
    notional = maybe(one.row, "notionalUsd")
    if notional is None:
        if one.instrument not in terms:
            raise BadPayload(f"the margin of {one.instrument} is not stated")
        notional = one.units * terms[one.instrument].contract_size * figure(one.row, "markPx")
    return abs(notional) / figure(one.row, "lever")


def snapshot(
    held: Sequence[Position], cash: Money, open_orders: Sequence[str], waiting: Sequence[Row],
    fills: Sequence[tuple[int, str]], terms: Mapping[str, Instrument], ours: MarginMode,
) -> VenueSnapshot:  # fmt: skip
    """The account at one instant. `fills`: (venue's ms, fill id) of the last ones, which are all in it. Its time is
    just after the last change of money, position or fill that is in it, so that what comes later is counted."""
    changes = [cash.changed_ms, *(time_ms(one.row, "uTime", "cTime") for one in held), *(ms for ms, _ in fills)]
    last_ms = max(changes)
    return VenueSnapshot(
        ts=last_ms * MS, balance=cash.balance, margin_used=margin_used(held, terms),
        trades=tuple(trade(one, ours, waiting) for one in held), open_orders=tuple(open_orders),
        counted=tuple(fill_id for ms, fill_id in fills if ms == last_ms),
    )  # fmt: skip
