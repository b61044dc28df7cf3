"""Closing and protecting what is open: one trade, a position's sides, a trade's take profit and stops."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.oanda.simulator.catalogue import CATALOGUE, Spec
from adapters.oanda.simulator.desk import Desk, Reply
from adapters.oanda.simulator.errors import BadRequest, NoSuch, Refusal, Rejected, message_of
from adapters.oanda.simulator.figures import decimals, figure, plain_units
from adapters.oanda.simulator.records import DEPENDENT_KEYS, NOTHING, Trade
from adapters.oanda.simulator.requests import Terms, read_details, read_extensions
from adapters.oanda.simulator.transactions import Transaction

_TRADE_ORDERS = {"takeProfit": "TAKE_PROFIT", "stopLoss": "STOP_LOSS", "trailingStopLoss": "TRAILING_STOP_LOSS"}


def close_trade(desk: Desk, specifier: str, given: Mapping[str, Any]) -> Reply:
    """PUT trades/{spec}/close: `units` is ALL or a positive figure."""
    account = desk.account
    asked = given.get("units", "ALL")
    try:
        trade = account.trade(specifier)
        if not trade.is_open:
            raise NoSuch("trade")
    except NoSuch:
        named = {"tradeClose": {"units": str(asked), "tradeID": specifier}}
        raise _rejected(desk, "orderRejectTransaction", named, "TRADE_DOESNT_EXIST", "TRADE_CLOSE", 404) from None
    held = abs(trade.units)
    shown = {"units": str(asked), "tradeID": trade.id}
    terms = {"instrument": trade.instrument, "tradeClose": shown}
    try:
        units = held if asked == "ALL" else _close_units(asked, trade.spec, "units")
        if units > held:
            raise Rejected("CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE")
    except Rejected as refusal:
        raise _rejected(desk, "orderRejectTransaction", terms, refusal.reason, "TRADE_CLOSE", 400) from None
    signed = -units.copy_sign(trade.units)
    row, order, before = desk.close(trade.instrument, signed, [(trade, units)], {"tradeClose": shown}, "TRADE_CLOSE")
    return {"orderCreateTransaction": row, **desk.outcome(order, before, "order")}


def close_position(desk: Desk, instrument: str, given: Mapping[str, Any]) -> Reply:
    """PUT positions/{i}/close: `longUnits` and `shortUnits`, each ALL, NONE or a positive figure; all or nothing
    (trap 4). A key that is left out means NONE here: the sources differ on it."""
    asked = {side: given.get(f"{side}Units", "NONE") for side in ("long", "short")}
    if "longUnits" not in given and "shortUnits" not in given:
        raise Refusal(
            400,
            message_of("CLOSEOUT_POSITION_INCOMPLETE_SPECIFICATION"),
            "CLOSEOUT_POSITION_INCOMPLETE_SPECIFICATION",
        )
    held = dict(zip(("long", "short"), desk.account.units(instrument), strict=True))
    wanted = {side: text for side, text in asked.items() if text != "NONE"}
    if not wanted:
        raise BadRequest("longUnits")
    problems, sizes = {}, {}
    for side, text in wanted.items():
        try:
            sizes[side] = _closeout_units(text, held[side], CATALOGUE[instrument], f"{side}Units")
        except Rejected as refusal:
            problems[side] = refusal.reason
    if problems:
        raise _position_refusal(desk, instrument, wanted, held, problems)
    found: Reply = {}
    for side, units in sizes.items():
        trades = _eaten(desk, instrument, units, is_long=side == "long")
        shown = {f"{side}PositionCloseout": {"instrument": instrument, "units": str(wanted[side])}}
        signed = -units if side == "long" else units
        row, order, before = desk.close(instrument, signed, trades, shown, "POSITION_CLOSEOUT")
        found |= {f"{side}OrderCreateTransaction": row, **desk.outcome(order, before, f"{side}Order")}
    return found


def set_trade_orders(desk: Desk, specifier: str, given: Mapping[str, Any]) -> Reply:
    """PUT trades/{spec}/orders: each of takeProfit, stopLoss, trailingStopLoss is replaced; null cancels it; what is
    left out stays."""
    account = desk.account
    trade = _open_trade(desk, specifier)
    asked: dict[str, Terms | None] = {}
    for name, type_ in _TRADE_ORDERS.items():
        if name not in given:
            continue
        details = given[name]
        try:
            asked[type_] = (
                None if details is None else read_details(details, type_, trade.spec, account.now(), name, "")
            )
        except Rejected as refusal:
            key = f"{DEPENDENT_KEYS[type_]}RejectTransaction"
            said = {"tradeID": trade.id, **_plain(details)}
            raise _rejected(desk, key, said, refusal.reason, "CLIENT_ORDER", 400, type_) from None
    found: Reply = {}
    for type_, terms in asked.items():
        found |= _set_dependent(desk, trade, type_, terms)
    return found


def extend_trade(desk: Desk, specifier: str, given: Mapping[str, Any]) -> Reply:
    """PUT trades/{spec}/clientExtensions."""
    trade = _open_trade(desk, specifier)
    try:
        extensions = read_extensions(given.get("clientExtensions"), "CLIENT_TRADE", "clientExtensions")
        name = extensions.get("id")
        if name and name != trade.client_id and desk.account.has_open_client_id(name):
            raise Rejected("CLIENT_TRADE_ID_ALREADY_EXISTS")
    except Rejected as refusal:
        row = desk.account.log.add(
            "TRADE_CLIENT_EXTENSIONS_MODIFY_REJECT",
            desk.account.now(),
            tradeID=trade.id,
            rejectReason=refusal.reason,
        )
        body = {"tradeClientExtensionsModifyRejectTransaction": row}
        raise Refusal(400, message_of(refusal.reason), refusal.reason, body) from None
    row = desk.account.log.add(
        "TRADE_CLIENT_EXTENSIONS_MODIFY",
        desk.account.now(),
        tradeID=trade.id,
        clientTradeID=trade.client_id or None,
        tradeClientExtensionsModify=extensions,
    )
    trade.extensions |= extensions
    return {"tradeClientExtensionsModifyTransaction": row}


def _set_dependent(desk: Desk, trade: Trade, type_: str, terms: Terms | None) -> Reply:
    account, key = desk.account, DEPENDENT_KEYS[type_]
    found: Reply = {}
    if not trade.is_open:
        return found
    extra: dict[str, Any] = {}
    if number := trade.dependents.get(type_):
        reason = "CLIENT_REQUEST" if terms is None else "CLIENT_REQUEST_REPLACED"
        ends = {} if terms is None else {"replacedByOrderID": str(int(account.log.next_id) + 1)}
        cancel = desk.execution.cancel(account.orders[number], reason, **ends)
        found[f"{key}CancelTransaction"] = cancel
        extra = {"replacesOrderID": number, "cancellingTransactionID": cancel["id"]}
    if terms is not None:
        reason = "REPLACEMENT" if extra else "CLIENT_ORDER"
        row = desk.execution.add_dependent(trade, type_, terms, reason, **extra)
        found[f"{key}Transaction"] = row
        order, before = account.orders[row["id"]], len(account.log.rows)
        desk.matching.meet(order)
        outcome = desk.outcome(order, before, "")
        found |= {
            f"{key}{'Created' if name == 'CancelTransaction' else ''}{name}": each for name, each in outcome.items()
        }
    return found


def _open_trade(desk: Desk, specifier: str) -> Trade:
    trade = desk.account.trade(specifier)
    if not trade.is_open:
        raise NoSuch("trade")
    return trade


def _close_units(value: Any, spec: Spec, name: str) -> Decimal:
    found = figure(value, name)
    if found <= 0:
        raise Rejected("UNITS_INVALID")
    if decimals(found.normalize()) > spec.unit_digits:
        raise Rejected("UNITS_PRECISION_EXCEEDED")
    return found


def _closeout_units(text: Any, held: Decimal, spec: Spec, name: str) -> Decimal:
    if not held:
        raise Rejected("CLOSEOUT_POSITION_DOESNT_EXIST")
    units = held if text == "ALL" else _close_units(text, spec, name)
    if units > held:
        raise Rejected("CLOSEOUT_POSITION_UNITS_EXCEED_POSITION_SIZE")
    return units


def _eaten(desk: Desk, instrument: str, units: Decimal, *, is_long: bool) -> list[tuple[Trade, Decimal]]:
    """Trades of one side that make up so many units, oldest first."""
    found, left = [], units
    for trade in desk.account.open_trades(instrument):
        if trade.is_long == is_long and left > NOTHING:
            part = min(left, abs(trade.units))
            found.append((trade, part))
            left -= part
    return found


def _position_refusal(
    desk: Desk, instrument: str, wanted: Mapping[str, Any], held: Mapping[str, Decimal], problems: Mapping[str, str]
) -> Refusal:
    """Nothing is closed: the side that could be is refused for the other's sake."""
    body: dict[str, Transaction] = {}
    for side, text in wanted.items():
        units = -held[side] if side == "long" else held[side]
        terms: Terms = {"instrument": instrument}
        if held[side]:
            terms["units"] = plain_units(units)
        terms[f"{side}PositionCloseout"] = {"instrument": instrument, "units": str(text)}
        reason = problems.get(side, "CLOSEOUT_POSITION_REJECT")
        body[f"{side}OrderRejectTransaction"] = _reject_row(desk, "MARKET", terms, reason, "POSITION_CLOSEOUT")
    code = next(iter(problems.values()))
    return Refusal(400 if any(held.values()) else 404, message_of(code), code, body)


def _rejected(
    desk: Desk, key: str, terms: Terms, reason: str, because: str, status: int, type_: str = "MARKET"
) -> Refusal:
    return Refusal(status, message_of(reason), reason, {key: _reject_row(desk, type_, terms, reason, because)})


def _reject_row(desk: Desk, type_: str, terms: Terms, reason: str, because: str) -> Transaction:
    fixed = {"timeInForce": "FOK", "positionFill": "REDUCE_ONLY"} if type_ == "MARKET" else {}
    return desk.account.log.add(
        f"{type_}_ORDER_REJECT", desk.account.now(), **{**fixed, **terms}, reason=because, rejectReason=reason
    )


def _plain(details: Any) -> Terms:
    """What a rejected request said, as far as it is plain text."""
    return {name: value for name, value in details.items() if isinstance(value, str) and name in ("price", "distance")}
