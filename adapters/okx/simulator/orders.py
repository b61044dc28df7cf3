"""An order as the venue keeps it, and the two rows it is written as: REST's and the orders channel's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from adapters.okx.simulator.instruments import SWAP, Contract
from adapters.okx.simulator.wire import Row, flag, text

State = Literal["live", "partially_filled", "filled", "canceled"]
TAKING = frozenset({"market", "fok", "ioc", "optimal_limit_ioc"})
"""Kinds that never rest in the book."""
PRICED = frozenset({"limit", "post_only", "fok", "ioc"})
KINDS = ("market", "limit", "post_only", "fok", "ioc", "optimal_limit_ioc")

BY_USER, REDUCE_ONLY_GONE, RISK, FOK_UNFILLED, IOC_REST = "1", "2", "3", "13", "14"
POSITION_CLOSED, DEAD_MAN, WOULD_TAKE = "17", "20", "31"
"""`cancelSource` numbers."""


@dataclass(frozen=True, slots=True)
class Protection:
    """A stop or target that came attached to an order."""

    cl_ord_id: str = ""
    tp_trigger: Decimal | None = None
    tp_price: Decimal | None = None
    sl_trigger: Decimal | None = None
    sl_price: Decimal | None = None
    tp_type: str = "last"
    sl_type: str = "last"

    def row(self) -> Row:
        return {
            "attachAlgoClOrdId": self.cl_ord_id, "attachAlgoId": "", "tpOrdKind": "condition",
            "tpTriggerPx": text(self.tp_trigger), "tpTriggerPxType": self.tp_type if self.tp_trigger else "",
            "tpOrdPx": text(self.tp_price), "slTriggerPx": text(self.sl_trigger),
            "slTriggerPxType": self.sl_type if self.sl_trigger else "", "slOrdPx": text(self.sl_price), "sz": "",
            "amendPxOnTriggerType": "0", "failCode": "", "failReason": "",
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class LastFill:
    """What the latest fill of an order was."""

    size: Decimal
    price: Decimal
    time_ms: int
    trade_id: str
    fee: Decimal
    pnl: Decimal
    exec_type: str


@dataclass(slots=True)
class Order:
    """One order. Units: sizes in contracts, prices, fees and profits in USDT; `fee` is negative when paid (trap 15)."""

    ord_id: str
    cl_ord_id: str
    contract: Contract
    td_mode: str
    side: str
    pos_side: str
    kind: str
    size: Decimal
    price: Decimal | None
    lever: Decimal
    created_ms: int
    reduce_only: bool = False
    tag: str = ""
    stp_mode: str = "cancel_maker"
    category: str = "normal"
    source: str = ""
    algo_id: str = ""
    algo_cl_ord_id: str = ""
    protections: Sequence[Protection] = ()
    state: State = "live"
    filled: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    """Σ price × size of the fills."""
    fee: Decimal = Decimal(0)
    pnl: Decimal = Decimal(0)
    last: LastFill | None = None
    cancel_source: str = ""
    updated_ms: int = 0
    amend: Row = field(default_factory=dict)
    """`amendResult`, `amendSource`, `reqId`, `code`, `msg` of the change that the next push tells of."""

    @property
    def is_buy(self) -> bool:
        return self.side == "buy"

    @property
    def is_open(self) -> bool:
        return self.state in {"live", "partially_filled"}

    @property
    def left(self) -> Decimal:
        """Contracts not filled yet."""
        return self.size - self.filled

    @property
    def average(self) -> Decimal | None:
        return self.paid / self.filled if self.filled else None

    @property
    def is_closing(self) -> bool:
        """Whether it can only reduce: by its own word, or by side and posSide (§6.2)."""
        return self.reduce_only or (self.side, self.pos_side) in {("sell", "long"), ("buy", "short")}

    def fill(self, last: LastFill) -> None:
        """Count one fill."""
        self.filled += last.size
        self.paid += last.size * last.price
        self.fee += last.fee
        self.pnl += last.pnl
        self.last, self.updated_ms = last, last.time_ms
        self.state = "filled" if self.filled >= self.size else "partially_filled"

    def cancel(self, source: str, now_ms: int) -> None:
        """What is left of it is gone; it may have fills (trap 14)."""
        self.state, self.cancel_source, self.updated_ms = "canceled", source, now_ms

    def row(self) -> Row:
        """As REST writes it."""
        last = self.last
        return {
            "accFillSz": text(self.filled), "algoClOrdId": self.algo_cl_ord_id, "algoId": self.algo_id,
            "attachAlgoClOrdId": self.protections[0].cl_ord_id if self.protections else "",
            "attachAlgoOrds": [one.row() for one in self.protections], "avgPx": text(self.average),
            "cTime": str(self.created_ms), "cancelSource": self.cancel_source, "cancelSourceReason": "",
            "category": self.category, "ccy": "", "clOrdId": self.cl_ord_id, "fee": text(self.fee),
            "feeCcy": self.contract.settle, "fillPx": text(last.price if last else None),
            "fillSz": text(last.size) if last else "0", "fillTime": str(last.time_ms) if last else "",
            "instId": self.contract.inst_id, "instIdCode": self.contract.code, "instType": SWAP,
            "isTpLimit": "false", "lever": text(self.lever), "linkedAlgoOrd": {"algoId": ""}, "ordId": self.ord_id,
            "ordType": self.kind, "pnl": text(self.pnl), "posSide": self.pos_side, "px": text(self.price),
            "pxType": "", "pxUsd": "", "pxVol": "", "quickMgnType": "", "rebate": "0",
            "rebateCcy": self.contract.settle, "reduceOnly": flag(self.reduce_only), "side": self.side, "slOrdPx": "",
            "slTriggerPx": "", "slTriggerPxType": "", "source": self.source, "state": self.state, "stpId": "",
            "stpMode": self.stp_mode, "sz": text(self.size), "tag": self.tag, "tdMode": self.td_mode, "tgtCcy": "",
            "tpOrdPx": "", "tpTriggerPx": "", "tpTriggerPxType": "", "tradeId": last.trade_id if last else "",
            "tradeQuoteCcy": "", "uTime": str(self.updated_ms or self.created_ms),
        }  # fmt: skip

    def push(self, last_price: Decimal, is_fill: bool) -> Row:
        """As the orders channel writes it. `is_fill`: this push tells of a fill, so the fill's own fields are set."""
        last = self.last if is_fill else None
        price = self.price if self.price is not None else last_price
        worth = text(self.contract.notional(last.size, last.price)) if last else ""
        told = {
            "amendResult": self.amend.get("amendResult", ""), "amendSource": self.amend.get("amendSource", ""),
            "code": self.amend.get("code", "0"), "msg": self.amend.get("msg", ""),
            "reqId": self.amend.get("reqId", ""), "execType": last.exec_type if last else "",
            "fillFee": text(last.fee) if last else "0", "fillFeeCcy": self.contract.settle if last else "",
            "fillNotionalUsd": worth, "fillPnl": text(last.pnl) if last else "0", "fillPxVol": "", "fillPxUsd": "",
            "fillMarkVol": "", "fillFwdPx": "", "fillMarkPx": text(last.price) if last else "",
            "lastPx": text(last_price), "notionalUsd": text(self.contract.notional(self.size, price)),
        }  # fmt: skip
        if not last:
            told |= {"fillPx": "", "fillSz": "0", "fillTime": "", "tradeId": ""}
        return self.row() | told


def sent_row(order: Order | None, cl_ord_id: str, tag: str, now_ms: int) -> Row:
    """What the answer to a request says of one order; the caller adds `sCode` and `sMsg`."""
    return {"clOrdId": cl_ord_id, "ordId": order.ord_id if order else "", "tag": tag, "ts": str(now_ms)}
