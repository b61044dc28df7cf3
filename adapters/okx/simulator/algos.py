"""Stops, targets, triggers and trailing stops: orders that wait for a price before they become orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from adapters.okx.simulator.errors import Refusal, refuse
from adapters.okx.simulator.instruments import SWAP, Contract
from adapters.okx.simulator.orders import Order, Protection
from adapters.okx.simulator.wire import Row, flag, text

KINDS = ("conditional", "oco", "trigger", "move_order_stop")
PRICE_TYPES = ("last", "mark", "index")
AT_MARKET = Decimal(-1)
"""An order price that means: as a market order."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A price to wait for, which price is meant, and the order's own price (−1: at market)."""

    price: Decimal
    kind: str = "last"
    order_price: Decimal = AT_MARKET


@dataclass(frozen=True, slots=True)
class Trail:
    """How far behind the best price a trailing stop follows: a ratio or a distance; from `active` on."""

    ratio: Decimal | None
    spread: Decimal | None
    active: Decimal | None


@dataclass(slots=True)
class Algo:
    """One waiting order. `size` None: the whole position when it is triggered (`closeFraction` 1). `is_above`: which
    way a plain trigger waits, from the price at which it was made. `goes_with_position`: it is cancelled when its
    position is closed (`cxlOnClosePos`); without, it stays and closes what there is then, or fails."""

    algo_id: str
    cl_ord_id: str
    contract: Contract
    td_mode: str
    side: str
    pos_side: str
    kind: str
    size: Decimal | None
    lever: Decimal
    created_ms: int
    reduce_only: bool = False
    tag: str = ""
    target: Trigger | None = None
    stop: Trigger | None = None
    trigger: Trigger | None = None
    is_above: bool = False
    trail: Trail | None = None
    best: Decimal | None = None
    parent: str = ""
    state: Literal["live", "effective", "canceled", "order_failed"] = "live"
    fired: str = ""
    orders: tuple[str, ...] = ()
    actual_size: Decimal | None = None
    actual_price: Decimal | None = None
    fail_code: str = ""
    goes_with_position: bool = False
    triggered_ms: int | None = None
    updated_ms: int = 0

    @property
    def is_open(self) -> bool:
        return self.state == "live"

    @property
    def is_buy(self) -> bool:
        return self.side == "buy"

    @property
    def is_closing(self) -> bool:
        return self.reduce_only or (self.side, self.pos_side) in {("sell", "long"), ("buy", "short")}

    def reached(self, last: Decimal, mark: Decimal) -> Trigger | None:
        """What these prices set off; `fired` says which side of it. The stop goes before the target."""
        prices = {"last": last, "mark": mark, "index": mark}
        if self.stop and _is_beyond(prices[self.stop.kind], self.stop.price, is_above=self.is_buy):
            self.fired = "sl"
            return self.stop
        if self.target and _is_beyond(prices[self.target.kind], self.target.price, is_above=not self.is_buy):
            self.fired = "tp"
            return self.target
        if self.trigger and _is_beyond(prices[self.trigger.kind], self.trigger.price, is_above=self.is_above):
            return self.trigger
        return self._trailed(last) if self.trail else None

    def _trailed(self, last: Decimal) -> Trigger | None:
        trail = self.trail
        assert trail is not None
        waits = self.best is None and trail.active is not None
        if waits and not _is_beyond(last, trail.active or last, is_above=not self.is_buy):
            return None
        self.best = last if self.best is None else (min(self.best, last) if self.is_buy else max(self.best, last))
        level = self.trail_level()
        assert level is not None
        return Trigger(level) if _is_beyond(last, level, is_above=self.is_buy) else None

    def trail_level(self) -> Decimal | None:
        """Where a trailing stop stands now; None before it is active."""
        if self.trail is None or self.best is None:
            return None
        away = self.trail.spread if self.trail.spread is not None else self.best * (self.trail.ratio or Decimal(0))
        return self.best + away if self.is_buy else self.best - away

    def row(self) -> Row:
        """As REST and the orders-algo channel write it."""
        target, stop, trigger, trail = self.target, self.stop, self.trigger, self.trail
        return {
            "activePx": text(trail.active) if trail else "", "actualPx": text(self.actual_price),
            "actualSide": self.fired, "actualSz": text(self.actual_size) if self.actual_size else "0",
            "algoClOrdId": self.cl_ord_id, "algoId": self.algo_id, "amendPxOnTriggerType": "0",
            "attachAlgoOrds": [], "cTime": str(self.created_ms),
            "callbackRatio": text(trail.ratio) if trail else "", "callbackSpread": text(trail.spread) if trail else "",
            "ccy": "", "chaseType": "", "chaseVal": "", "clOrdId": "",
            "closeFraction": "1" if self.size is None else "", "failCode": self.fail_code,
            "instId": self.contract.inst_id, "instType": SWAP, "isTradeBorrowMode": "", "last": "",
            "lever": text(self.lever), "linkedOrd": {"ordId": self.parent}, "maxChaseType": "", "maxChaseVal": "",
            "moveTriggerPx": text(self.trail_level()), "ordId": self.orders[0] if self.orders else "",
            "ordIdList": list(self.orders), "ordPx": text(trigger.order_price) if trigger else "",
            "ordType": self.kind, "posSide": self.pos_side, "pxLimit": "", "pxSpread": "", "pxVar": "",
            "quickMgnType": "", "reduceOnly": flag(self.reduce_only), "side": self.side,
            "slOrdPx": text(stop.order_price) if stop else "", "slTriggerPx": text(stop.price) if stop else "",
            "slTriggerPxType": stop.kind if stop else "", "state": self.state, "sz": text(self.size), "szLimit": "",
            "tag": self.tag, "tdMode": self.td_mode, "tgtCcy": "", "timeInterval": "",
            "tpOrdPx": text(target.order_price) if target else "",
            "tpTriggerPx": text(target.price) if target else "", "tpTriggerPxType": target.kind if target else "",
            "triggerPx": text(trigger.price) if trigger else "",
            "triggerPxType": trigger.kind if trigger else "", "triggerTime": text(self.triggered_ms),
            "uTime": str(self.updated_ms or self.created_ms),
        }  # fmt: skip

    def close_row(self) -> Row:
        """As a position's `closeOrderAlgo` shows it."""
        target, stop = self.target, self.stop
        return {
            "algoId": self.algo_id, "slTriggerPx": text(stop.price) if stop else "",
            "slTriggerPxType": stop.kind if stop else "", "tpTriggerPx": text(target.price) if target else "",
            "tpTriggerPxType": target.kind if target else "", "closeFraction": "1",
        }  # fmt: skip


def misplaced(is_buy: bool, target: Decimal | None, stop: Decimal | None, last: Decimal) -> Refusal | None:
    """Why a stop or target that closes by this side can't stand there: it would be off at once."""
    if target is not None and _is_beyond(last, target, is_above=not is_buy) and last != target:
        return refuse("51277" if is_buy else "51279")
    if stop is not None and _is_beyond(last, stop, is_above=is_buy) and last != stop:
        return refuse("51278" if is_buy else "51280")
    return None


def misattached(order_is_buy: bool, one: Protection, price: Decimal) -> Refusal | None:
    """Why a protection can't be attached to an order of this price."""
    if one.tp_trigger is not None and (one.tp_trigger <= price if order_is_buy else one.tp_trigger >= price):
        return refuse("51046" if order_is_buy else "51048")
    if one.sl_trigger is not None and (one.sl_trigger >= price if order_is_buy else one.sl_trigger <= price):
        return refuse("51047" if order_is_buy else "51049")
    return None


def from_protection(order: Order, one: Protection, algo_id: str, now_ms: int) -> Algo:
    """The waiting order that an attached one becomes once its order is done: for what was filled. It outlives the
    position, and in net mode nothing says that it only reduces."""
    target = Trigger(one.tp_trigger, one.tp_type, one.tp_price or AT_MARKET) if one.tp_trigger is not None else None
    stop = Trigger(one.sl_trigger, one.sl_type, one.sl_price or AT_MARKET) if one.sl_trigger is not None else None
    return Algo(
        algo_id,
        one.cl_ord_id,
        order.contract,
        order.td_mode,
        "sell" if order.is_buy else "buy",
        order.pos_side,
        "oco" if target and stop else "conditional",
        order.filled,
        order.lever,
        now_ms,
        tag=order.tag,
        target=target,
        stop=stop,
        parent=order.ord_id,
    )


def _is_beyond(price: Decimal, level: Decimal, *, is_above: bool) -> bool:
    return price >= level if is_above else price <= level
