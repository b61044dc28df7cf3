"""What a client asks for, read from the wire and checked for form: orders, changes, waiting orders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.okx.simulator.algos import KINDS as ALGO_KINDS
from adapters.okx.simulator.algos import PRICE_TYPES, Trail, Trigger
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.instruments import Contract, on_grid
from adapters.okx.simulator.orders import KINDS, PRICED, Protection
from adapters.okx.simulator.wire import boolean, choice, field, needed, number

Request = Mapping[str, Any]
_CLIENT_ID = re.compile(r"[A-Za-z0-9]{0,32}")
_TAG = re.compile(r"[A-Za-z0-9]{0,16}")
STP_MODES = ("cancel_maker", "cancel_taker", "cancel_both")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A new order as it was asked for; the form is right, whether it may be done is another question."""

    contract: Contract
    td_mode: str
    side: str
    pos_side: str
    kind: str
    size: Decimal
    price: Decimal | None
    reduce_only: bool
    cl_ord_id: str
    tag: str
    stp_mode: str
    protections: tuple[Protection, ...]


@dataclass(frozen=True, slots=True)
class WantedAlgo:
    """A new waiting order; `size` None: all of the position."""

    contract: Contract
    td_mode: str
    side: str
    pos_side: str
    kind: str
    size: Decimal | None
    reduce_only: bool
    cl_ord_id: str
    tag: str
    target: Trigger | None
    stop: Trigger | None
    trigger: Trigger | None
    trail: Trail | None
    goes_with_position: bool


def read_order(request: Request, contract: Contract, is_net: bool) -> Wanted:
    """A new order. Refusal 50014 or 51000 for a bad form, 51006 family and sizes elsewhere."""
    kind = choice(request, "ordType", KINDS)
    price = read_price(request, "px", contract) if kind in PRICED else None
    if kind in PRICED and price is None:
        raise refuse("50014", name="px")
    stp = field(request, "stpMode") or STP_MODES[0]
    if stp not in STP_MODES:
        raise refuse("51000", name="stpMode")
    attached = request.get("attachAlgoOrds") or ()
    if not isinstance(attached, Sequence) or isinstance(attached, str):
        raise refuse("51000", name="attachAlgoOrds")
    # one SDK writes a single protection flat into the order
    flat = [request] if field(request, "tpTriggerPx") or field(request, "slTriggerPx") else []
    pos_side = read_pos_side(request, is_net)
    return Wanted(
        contract,
        choice(request, "tdMode", ("cross", "isolated")),
        choice(request, "side", ("buy", "sell")),
        pos_side,
        kind,
        read_size(request, "sz", contract),
        price,
        boolean(request, "reduceOnly") and is_net,
        read_client_id(request, "clOrdId"),
        _read(request, "tag", _TAG),
        stp,
        tuple(_protection(one, contract) for one in [*attached, *flat]),
    )


def read_algo(request: Request, contract: Contract, is_net: bool) -> WantedAlgo:
    """A new waiting order."""
    kind = choice(request, "ordType", ALGO_KINDS)
    fraction = number(request, "closeFraction")
    if fraction is not None and fraction != 1:
        raise refuse("51000", name="closeFraction")
    target, stop = _trigger(request, "tp", contract), _trigger(request, "sl", contract)
    if kind == "oco" and not (target and stop):
        raise refuse("50014", name="slTriggerPx" if target else "tpTriggerPx")
    if boolean(request, "cxlOnClosePos") and not boolean(request, "reduceOnly"):
        raise refuse("51000", name="cxlOnClosePos")
    if kind == "conditional" and (target is None) == (stop is None):
        raise refuse("50014" if target is None else "51000", name="slTriggerPx")
    return WantedAlgo(
        contract,
        choice(request, "tdMode", ("cross", "isolated")),
        choice(request, "side", ("buy", "sell")),
        read_pos_side(request, is_net),
        kind,
        None if fraction is not None else read_size(request, "sz", contract),
        (boolean(request, "reduceOnly") and is_net) or fraction is not None,
        read_client_id(request, "algoClOrdId") or read_client_id(request, "clOrdId"),
        _read(request, "tag", _TAG),
        target,
        stop,
        _plain_trigger(request, contract) if kind == "trigger" else None,
        _trail(request, contract) if kind == "move_order_stop" else None,
        fraction is not None or boolean(request, "cxlOnClosePos"),
    )


def read_pos_side(request: Request, is_net: bool) -> str:
    """The position side that an order must or must not name (trap 4): 51000 where it fits the mode not."""
    side = field(request, "posSide")
    if side not in (("", "net") if is_net else ("long", "short")):
        raise refuse("51000", name="posSide")
    return side or "net"


def read_size(request: Request, name: str, contract: Contract) -> Decimal:
    """Contracts: 51020 below the minimum, 51121 off the lot."""
    size = needed(request, name)
    if size <= 0:
        raise refuse("51000", name=name)
    if size < contract.min_size:
        raise refuse("51020")
    if not on_grid(size, contract.lot):
        raise refuse("51121")
    return size


def read_price(request: Request, name: str, contract: Contract) -> Decimal | None:
    """A price on the tick; None where there is none."""
    price = number(request, name)
    if price is not None and (price <= 0 or not on_grid(price, contract.tick)):
        raise refuse("51000", name=name)
    return price


def read_client_id(request: Request, name: str) -> str:
    """At most 32 letters and digits: 51000 for a dash (trap 6)."""
    return _read(request, name, _CLIENT_ID)


def _read(request: Request, name: str, form: re.Pattern[str]) -> str:
    value = field(request, name)
    if not form.fullmatch(value):
        raise refuse("51000", name=name)
    return value


def _protection(request: Any, contract: Contract) -> Protection:
    if not isinstance(request, Mapping):
        raise refuse("51000", name="attachAlgoOrds")
    target, stop = _trigger(request, "tp", contract), _trigger(request, "sl", contract)
    if target is None and stop is None:
        raise refuse("50014", name="tpTriggerPx")
    return Protection(
        read_client_id(request, "attachAlgoClOrdId"),
        target.price if target else None,
        target.order_price if target else None,
        stop.price if stop else None,
        stop.order_price if stop else None,
        target.kind if target else "last",
        stop.kind if stop else "last",
    )


def _trigger(request: Request, side: str, contract: Contract) -> Trigger | None:
    """The stop (`sl`) or target (`tp`) of a request."""
    price = read_price(request, f"{side}TriggerPx", contract)
    if price is None:
        return None
    kind = field(request, f"{side}TriggerPxType") or PRICE_TYPES[0]
    if kind not in PRICE_TYPES:
        raise refuse("51000", name=f"{side}TriggerPxType")
    return Trigger(price, kind, _order_price(request, f"{side}OrdPx", contract))


def _plain_trigger(request: Request, contract: Contract) -> Trigger:
    price = read_price(request, "triggerPx", contract)
    if price is None:
        raise refuse("50014", name="triggerPx")
    name = "orderPx" if field(request, "orderPx") else "ordPx"
    return Trigger(price, field(request, "triggerPxType") or "last", _order_price(request, name, contract))


def _order_price(request: Request, name: str, contract: Contract) -> Decimal:
    """−1 means at market; left out is refused."""
    price = needed(request, name)
    if price != -1 and (price <= 0 or not on_grid(price, contract.tick)):
        raise refuse("51000", name=name)
    return price


def _trail(request: Request, contract: Contract) -> Trail:
    ratio, spread = number(request, "callbackRatio"), number(request, "callbackSpread")
    if (ratio is None) == (spread is None):
        raise refuse("50014", name="callbackRatio")
    return Trail(ratio, spread, read_price(request, "activePx", contract))
