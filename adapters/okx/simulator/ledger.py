"""What an account keeps a record of: fills, and bills, the ledger of its money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.okx.simulator.instruments import SWAP
from adapters.okx.simulator.orders import Order
from adapters.okx.simulator.wire import Row, text, whole

TRADE, LIQUIDATION, FUNDING, MARGIN, TRANSFER = "2", "5", "8", "6", "1"
"""Types of bills."""
FUNDING_PAID, FUNDING_RECEIVED, MARGIN_ADDED, MARGIN_REDUCED = "173", "174", "160", "161"
TRANSFER_IN, TRANSFER_OUT = "11", "12"
PENALTY, COVERED = "111", "110"
"""What a liquidation leaves goes to the insurance fund; what it lacks comes from there."""
_TRADE_SUBTYPES = {
    ("buy", "long"): "3", ("sell", "short"): "4", ("sell", "long"): "5", ("buy", "short"): "6",
    ("buy", "net"): "1", ("sell", "net"): "2",
}  # fmt: skip
_LIQUIDATION_SUBTYPES = {
    ("sell", "long"): "104", ("buy", "short"): "105", ("buy", "net"): "106", ("sell", "net"): "107",
}  # fmt: skip


def is_liquidation(order: Order) -> bool:
    return order.category.endswith("liquidation")


def trade_subtype(order: Order) -> str:
    """Sub-type of a trade's bill and fill: what kind of opening or closing it was."""
    subtypes = _LIQUIDATION_SUBTYPES if is_liquidation(order) else _TRADE_SUBTYPES
    return subtypes[order.side, order.pos_side]


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill of one order. `fee` is negative when paid."""

    order: Order
    bill_id: str
    trade_id: str
    size: Decimal
    price: Decimal
    fee: Decimal
    fee_rate: Decimal
    pnl: Decimal
    exec_type: str
    time_ms: int

    def row(self) -> Row:
        order = self.order
        return {
            "billId": self.bill_id, "clOrdId": order.cl_ord_id, "execType": self.exec_type, "fee": text(self.fee),
            "feeCcy": order.contract.settle, "feeRate": text(self.fee_rate), "fillFwdPx": "",
            "fillIdxPx": text(self.price), "fillMarkPx": text(self.price), "fillMarkVol": "",
            "fillPnl": text(self.pnl), "fillPx": text(self.price), "fillPxUsd": "", "fillPxVol": "",
            "fillSz": text(self.size), "fillTime": str(self.time_ms), "instId": order.contract.inst_id,
            "instType": SWAP, "ordId": order.ord_id, "posSide": order.pos_side, "side": order.side,
            "subType": trade_subtype(order), "tag": order.tag, "tradeId": self.trade_id, "tradeQuoteCcy": "",
            "ts": str(self.time_ms),
        }  # fmt: skip

    def push(self) -> Row:
        """As the fills channel writes it."""
        return {
            "instId": self.order.contract.inst_id, "fillSz": text(self.size), "fillPx": text(self.price),
            "side": self.order.side, "ts": str(self.time_ms), "ordId": self.order.ord_id,
            "clOrdId": self.order.cl_ord_id, "tradeId": self.trade_id, "execType": self.exec_type, "count": "1",
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bill:
    """One change of an account's money. Units: USDT; `size`: contracts, or the amount moved."""

    bill_id: str
    kind: str
    subtype: str
    change: Decimal
    balance: Decimal
    time_ms: int
    ccy: str = "USDT"
    pnl: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    size: Decimal = Decimal(0)
    price: Decimal | None = None
    inst_id: str = ""
    mgn_mode: str = ""
    fill: Fill | None = None

    def row(self) -> Row:
        order = self.fill.order if self.fill else None
        return {
            "bal": text(self.balance), "balChg": text(self.change), "billId": self.bill_id, "ccy": self.ccy,
            "clOrdId": order.cl_ord_id if order else "", "earnAmt": "", "earnApr": "",
            "execType": self.fill.exec_type if self.fill else "", "fee": text(self.fee), "fillFwdPx": "",
            "fillIdxPx": text(self.price), "fillMarkPx": text(self.price), "fillMarkVol": "", "fillPxUsd": "",
            "fillPxVol": "", "fillTime": str(self.fill.time_ms) if self.fill else "", "from": "",
            "instId": self.inst_id, "instType": SWAP if self.inst_id else "", "interest": "0",
            "mgnMode": self.mgn_mode, "notes": "", "ordId": order.ord_id if order else "", "pnl": text(self.pnl),
            "posBal": "0", "posBalChg": "0", "px": text(self.price), "subType": self.subtype,
            "sz": text(self.size), "tag": order.tag if order else "", "to": "",
            "tradeId": self.fill.trade_id if self.fill else "", "ts": str(self.time_ms), "type": self.kind,
        }  # fmt: skip


def page(rows: Sequence[Row], request: Mapping[str, Any], key: str, most: int = 100) -> list[Row]:
    """One page of rows that stand oldest first: newest first, `after` older and `before` newer than an id, and with
    `before` alone the **latest** ones, not those next to it (§6.4, trap 11).

    >>> rows = [{"billId": str(n)} for n in range(1, 6)]
    >>> [row["billId"] for row in page(rows, {"after": "4", "limit": "2"}, "billId")]
    ['3', '2']
    >>> [row["billId"] for row in page(rows, {"before": "1", "limit": "2"}, "billId")]
    ['5', '4']
    """
    after, before = str(request.get("after") or ""), str(request.get("before") or "")
    limit = whole(request, "limit", most, most)
    kept = [
        row
        for row in reversed(rows)
        if (not after or _older(row[key], after)) and (not before or _older(before, row[key]))
    ]
    return kept[:limit]


def _older(one: str, other: str) -> bool:
    """Ids are numbers of growing length."""
    return (len(one), one) < (len(other), other)
