"""The model's events as the journal records them, and back.

Events of the market and timers become tuples for batches; every other event becomes the body of an `event` entry. The
number of an event (`seq` in the model) is not recorded with it: it is its place in the log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from ruleengine.journal.batch import MarketEvent
from ruleengine.journal.layout import SHAPES
from ruleengine.journal.read import InputEvent
from ruleengine.model import event as model
from ruleengine.model.side import Side
from ruleengine.model.venue_book import TradeState, VenueSnapshot

_MARKET: dict[str, type[Any]] = {
    known.kind: known
    for known in (
        model.Quote,
        model.TradePrint,
        model.BarEvent,
        model.Book,
        model.Funding,
        model.Reference,
        model.Timer,
    )
}
_OTHER: dict[str, type[Any]] = {
    known.kind: known
    for known in (
        model.Signal,
        model.OrderUpdate,
        model.Fill,
        model.CashChange,
        model.AccountRead,
        model.OperatorCommand,
        model.Reconciliation,
        model.LinkChange,
        model.HoursWord,
    )
}
_ENUMS: dict[str, Callable[[Any], Any]] = {"side": Side, "status": model.OrderStatus}

_TUPLES: dict[str, Callable[[Any], MarketEvent]] = {
    shape.name: attrgetter("kind", *(field.name for field in shape.fields)) for shape in SHAPES
}


def is_batched(event: model.Event) -> bool:
    """Whether the event goes to `append_market` (as a tuple) and not to `append`."""
    return event.kind in _MARKET


def to_tuple(event: model.Event) -> MarketEvent:
    """An event of the market, or a timer, for `append_market`.

    >>> to_tuple(model.Timer(ts=5))
    ('timer', 5, 5)
    """
    return _TUPLES[event.kind](event)


def to_body(event: model.Event) -> dict[str, Any]:
    """Any other event as the body of an `event` entry; its `ts` is the entry's time.

    >>> to_body(model.AccountRead(5, 4, None, None))
    {'ts_event': 4, 'balance': None, 'margin_used': None, 'failed': False, 'type': 'account'}
    """
    body = {field.name: getattr(event, field.name) for field in fields(event) if field.name not in ("ts", "seq")}
    for name in _ENUMS:
        if name in body:
            body[name] = body[name].value
    if isinstance(event, model.Reconciliation):
        body["snapshot"] = _plain(event.snapshot)
    body["type"] = event.kind
    return body


def key_of(event: model.Event) -> str:
    """The key under which such an entry is found: the signal, the order, the command; else the instrument."""
    if isinstance(event, model.Signal):
        return event.id
    if isinstance(event, model.OperatorCommand):
        return event.command
    if isinstance(event, model.LinkChange):
        return event.channel
    if isinstance(event, model.HoursWord):
        return event.instrument or event.source
    if isinstance(event, (model.OrderUpdate, model.Fill)) and event.order_id:
        return event.order_id
    return str(getattr(event, "instrument", ""))


def from_input(recorded: InputEvent) -> model.Event:
    """The event as it was, its number included. A field that this version of the model lacks is left out."""
    event: model.Event
    if isinstance(recorded.payload, tuple):
        event = _from_tuple(recorded.payload)
    else:
        event = from_body(recorded.payload, recorded.ts_ns)
    event.seq = recorded.event_no
    return event


def _from_tuple(values: MarketEvent) -> model.Event:
    kind, ts, ts_event, *rest = values
    if kind == model.Timer.kind:
        return model.Timer(ts)
    built: model.Event = _MARKET[kind](ts, ts_event, *(_frozen(value) for value in rest))
    return built


def from_body(body: dict[str, Any], ts: int) -> model.Event:
    """The event of an `event` entry's body; its number is the entry's."""
    made = _OTHER[body["type"]]
    values = {field.name: body[field.name] for field in fields(made) if field.name in body}
    values |= {name: build(values[name]) for name, build in _ENUMS.items() if name in values}
    if made is model.Reconciliation:
        values["snapshot"] = _snapshot(values["snapshot"])
    built: model.Event = made(ts=ts, **values)
    return built


def _plain(snapshot: VenueSnapshot) -> dict[str, Any]:
    """The venue's book as JSON values, Decimals as they are."""
    plain = {field.name: getattr(snapshot, field.name) for field in fields(VenueSnapshot)}
    trades = [{field.name: getattr(each, field.name) for field in fields(TradeState)} for each in snapshot.trades]
    return {**plain, "trades": [{**each, "side": each["side"].value} for each in trades]}


def _snapshot(plain: dict[str, Any]) -> VenueSnapshot:
    values = {field.name: plain[field.name] for field in fields(VenueSnapshot) if field.name in plain}
    trades = tuple(_trade(each) for each in values.pop("trades", ()))
    return VenueSnapshot(trades=trades, **{name: _frozen(value) for name, value in values.items()})


def _trade(plain: dict[str, Any]) -> TradeState:
    values = {field.name: plain[field.name] for field in fields(TradeState) if field.name in plain}
    return TradeState(**{**values, "side": Side(values["side"])})


def _frozen(value: Any) -> Any:
    """Lists as the tuples that the model has."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
