"""An order as a client asks for it → its terms, under OANDA's own names, or the reason why it is refused.

Terms are what stands alike in the order and in the transaction that makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.oanda.simulator.catalogue import CATALOGUE, Spec
from adapters.oanda.simulator.errors import BadRequest, Rejected
from adapters.oanda.simulator.figures import price_of, units_of
from adapters.oanda.simulator.formats import read_time

Terms = dict[str, Any]

ENTRY_TYPES = ("MARKET", "LIMIT", "STOP", "MARKET_IF_TOUCHED")
DEPENDENT_TYPES = ("TAKE_PROFIT", "STOP_LOSS", "TRAILING_STOP_LOSS")
_TIMES: Mapping[str, tuple[str, ...]] = {
    "MARKET": ("FOK", "IOC"),
    "LIMIT": ("GTC", "GTD", "GFD", "FOK", "IOC"),
    "STOP": ("GTC", "GTD", "GFD", "FOK", "IOC"),
    "MARKET_IF_TOUCHED": ("GTC", "GTD", "GFD"),
    **dict.fromkeys(DEPENDENT_TYPES, ("GTC", "GTD", "GFD")),
}
_FILLS = ("DEFAULT", "OPEN_ONLY", "REDUCE_FIRST", "REDUCE_ONLY")
_TRIGGERS = ("DEFAULT", "INVERSE", "BID", "ASK", "MID")
_LONGEST_TEXT = 128
ON_FILL = {
    "takeProfitOnFill": "TAKE_PROFIT",
    "stopLossOnFill": "STOP_LOSS",
    "trailingStopLossOnFill": "TRAILING_STOP_LOSS",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An order that was read. `terms` hold Decimals and Moments. `problem`: why it is refused, "" where it is not."""

    type: str
    terms: Terms
    problem: str = ""


def read_order(given: Any, now_ns: int, trade_instrument: Mapping[str, str]) -> Asked:
    """The order of a request's body. `trade_instrument`: instrument of each open trade, by id and `@` client id, for
    orders that belong to one.

    Raises  BadRequest  where a value has no meaning at all; what means something that is not allowed is a `problem`."""
    if not isinstance(given, Mapping):
        raise BadRequest("order")
    type_ = given.get("type", "MARKET")
    if not isinstance(type_, str) or type_ not in _TIMES:
        raise BadRequest("order.type")
    terms: Terms = {}
    try:
        spec = _instrument(given, type_, terms, trade_instrument)
        _read(given, type_, spec, terms, now_ns)
    except Rejected as refusal:
        _as_asked(given, type_, terms)
        return Asked(type_, terms, refusal.reason)
    return Asked(type_, terms)


def read_details(
    given: Any, type_: str, spec: Spec, now_ns: int, path: str, prefix: str, *, is_new: bool = True
) -> Terms:
    """Price or distance, time and name of a take profit, stop loss or trailing stop. `prefix`: of the reject reasons
    (`STOP_LOSS_ON_FILL`, or "" for an order of its own)."""
    if not isinstance(given, Mapping):
        raise BadRequest(path)
    lead = f"{prefix}_" if prefix else ""
    terms: Terms = {}
    price = price_of(given, "price", spec, f"{lead}PRICE", path) if type_ != "TRAILING_STOP_LOSS" else None
    distance = None
    if type_ != "TAKE_PROFIT":
        distance = price_of(given, "distance", spec, f"{lead}PRICE_DISTANCE", path)
    if type_ == "TRAILING_STOP_LOSS":
        _check_distance(distance, spec, lead)
    elif price is None and distance is None:
        raise Rejected(f"{lead}PRICE_MISSING")
    elif price is not None and distance is not None:
        raise Rejected(f"{lead}PRICE_AND_DISTANCE_BOTH_SPECIFIED")
    if type_ == "STOP_LOSS" and given.get("guaranteed") in (True, "true"):
        raise Rejected(f"{prefix or type_}_GUARANTEED_NOT_ALLOWED")
    if price is not None:
        terms["price"] = price
    if distance is not None:
        terms["distance"] = distance
    _read_time_in_force(given, type_, terms, now_ns, lead, path)
    _read_trigger(given, terms, lead)
    terms["guaranteed"] = False if type_ == "STOP_LOSS" and is_new else None
    _read_extensions(given, "clientExtensions", f"{lead}CLIENT_ORDER", terms, path)
    return terms


def read_extensions(given: Any, prefix: str, path: str) -> Terms:
    """Client extensions: `id`, `tag`, `comment`, each text of at most 128 characters. Raises Rejected, BadRequest."""
    if not isinstance(given, Mapping):
        raise BadRequest(path)
    found: Terms = {}
    for name in ("id", "tag", "comment"):
        text = given.get(name)
        if text is None:
            continue
        if not isinstance(text, str):
            raise BadRequest(f"{path}.{name}")
        if len(text) > _LONGEST_TEXT or (name == "id" and (not text.isprintable() or text.startswith("@"))):
            raise Rejected(f"{prefix}_{name.upper()}_INVALID")
        if text:
            found[name] = text
    return found


def _instrument(given: Mapping[str, Any], type_: str, terms: Terms, trade_instrument: Mapping[str, str]) -> Spec:
    if type_ in DEPENDENT_TYPES:
        key = str(given.get("tradeID") or f"@{given.get('clientTradeID', '')}")
        if key == "@":
            raise Rejected("TRADE_ID_UNSPECIFIED")
        if key not in trade_instrument:
            raise Rejected("TRADE_DOESNT_EXIST", {"tradeID": key})
        return CATALOGUE[trade_instrument[key]]
    name = given.get("instrument")
    if name is None:
        raise Rejected("INSTRUMENT_MISSING")
    if not isinstance(name, str) or name not in CATALOGUE:
        raise BadRequest("instrument")
    terms["instrument"] = name
    return CATALOGUE[name]


def _read(given: Mapping[str, Any], type_: str, spec: Spec, terms: Terms, now_ns: int) -> None:
    if type_ in DEPENDENT_TYPES:
        for name in ("tradeID", "clientTradeID"):
            if given.get(name) is not None:
                terms[name] = str(given[name])
        terms.update(read_details(given, type_, spec, now_ns, "order", ""))
        return
    terms["units"] = units_of(given.get("units"), spec, "order.units")
    if type_ != "MARKET":
        price = price_of(given, "price", spec, "PRICE", "order")
        if price is None:
            raise Rejected("PRICE_MISSING")
        terms["price"] = price
        _read_trigger(given, terms, "")
    if type_ != "LIMIT" and (bound := price_of(given, "priceBound", spec, "PRICE_BOUND", "order")) is not None:
        terms["priceBound"] = bound
    _read_time_in_force(given, type_, terms, now_ns, "", "order")
    terms["positionFill"] = given.get("positionFill", "DEFAULT")
    if terms["positionFill"] not in _FILLS:
        raise Rejected("ORDER_FILL_POSITION_ACTION_INVALID")
    _read_extensions(given, "clientExtensions", "CLIENT_ORDER", terms, "order")
    _read_extensions(given, "tradeClientExtensions", "CLIENT_TRADE", terms, "order")
    for name, kind in ON_FILL.items():
        if given.get(name) is not None:
            terms[name] = read_details(given[name], kind, spec, now_ns, f"order.{name}", f"{kind}_ON_FILL")
    if terms["positionFill"] == "REDUCE_ONLY" and "tradeClientExtensions" in terms:
        raise Rejected("TRADE_ON_FILL_CLIENT_EXTENSIONS_NOT_SUPPORTED")


def _read_time_in_force(given: Mapping[str, Any], type_: str, terms: Terms, now_ns: int, lead: str, path: str) -> None:
    allowed = _TIMES[type_]
    found = given.get("timeInForce") or allowed[0]
    if found not in allowed:
        raise Rejected(f"{lead}TIME_IN_FORCE_INVALID")
    terms["timeInForce"] = found
    if found == "GTD":
        text = given.get("gtdTime")
        if text is None:
            raise Rejected(f"{lead}{'' if lead else 'TIME_IN_FORCE_'}GTD_TIMESTAMP_MISSING")
        terms["gtdTime"] = read_time(str(text), f"{path}.gtdTime")
        if terms["gtdTime"] <= now_ns:
            raise Rejected(f"{lead}{'' if lead else 'TIME_IN_FORCE_'}GTD_TIMESTAMP_IN_PAST")


def _read_trigger(given: Mapping[str, Any], terms: Terms, lead: str) -> None:
    found = given.get("triggerCondition", "DEFAULT")
    if found not in _TRIGGERS:
        raise Rejected(f"{lead}TRIGGER_CONDITION_INVALID")
    terms["triggerCondition"] = found


def _read_extensions(given: Mapping[str, Any], name: str, prefix: str, terms: Terms, path: str) -> None:
    if given.get(name) is not None:
        found = read_extensions(given[name], prefix, f"{path}.{name}")
        if found:
            terms[name] = found


def _check_distance(distance: Decimal | None, spec: Spec, lead: str) -> None:
    least, most = spec.trailing_distances
    if distance is None:
        raise Rejected(f"{lead}PRICE_DISTANCE_MISSING")
    if distance < least:
        raise Rejected(f"{lead}PRICE_DISTANCE_MINIMUM_NOT_MET")
    if distance > most:
        raise Rejected(f"{lead}PRICE_DISTANCE_MAXIMUM_EXCEEDED")


def _as_asked(given: Mapping[str, Any], type_: str, terms: Terms) -> None:
    """A reject transaction repeats what was asked, in the client's own words, and what holds where nothing was said."""
    for name in (
        "instrument", "units", "price", "priceBound", "distance", "timeInForce", "positionFill", "triggerCondition",
        "tradeID", "clientExtensions",
    ):  # fmt: skip
        value = given.get(name)
        if name not in terms and isinstance(value, str | int | Decimal | dict):
            terms[name] = value
    terms.setdefault("timeInForce", _TIMES[type_][0])
    if type_ != "MARKET":
        terms.setdefault("triggerCondition", "DEFAULT")
    if type_ in ENTRY_TYPES:
        terms.setdefault("positionFill", "DEFAULT")
