"""One position: what fills make of it, what it is worth, and its row.

`size` is signed in net mode (a short is negative) and for the short side of long/short mode alike; only the row differs
(trap 5): long/short mode writes it positive with the side in `posSide`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapters.okx.simulator.instruments import SWAP, Contract
from adapters.okx.simulator.wire import Row, rounded, text

ZERO = Decimal(0)


@dataclass(slots=True)
class Position:
    """Units: sizes in contracts, money in USDT. `margin`: what an isolated position holds, 0 for cross."""

    pos_id: str
    contract: Contract
    mgn_mode: str
    pos_side: str
    lever: Decimal
    created_ms: int
    size: Decimal = ZERO
    average: Decimal = ZERO
    margin: Decimal = ZERO
    pnl: Decimal = ZERO
    """Realised by closing, without fees and funding."""
    fee: Decimal = ZERO
    funding: Decimal = ZERO
    penalty: Decimal = ZERO
    trade_id: str = ""
    updated_ms: int = 0
    closed_size: Decimal = ZERO
    closed_worth: Decimal = ZERO
    largest: Decimal = ZERO
    direction: str = ""
    """`long` or `short`: how it was opened last."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.contract.inst_id, self.mgn_mode, self.pos_side

    @property
    def is_isolated(self) -> bool:
        return self.mgn_mode == "isolated"

    @property
    def realized(self) -> Decimal:
        return self.pnl + self.fee + self.funding + self.penalty

    def closing(self, is_buy: bool) -> Decimal:
        """Contracts that a fill of this side would close before it opens."""
        return max(-self.size if is_buy else self.size, ZERO)

    def fill(self, is_buy: bool, size: Decimal, price: Decimal) -> Decimal:
        """Count a fill; what closing realised. More than the position turns it over (§6.2): the rest opens at the
        fill's price. A closed part takes its share of the isolated margin along; an opened one brings its own.

        >>> from adapters.okx.simulator.instruments import BTC
        >>> one = Position("1", BTC, "cross", "net", Decimal(10), 0)
        >>> one.fill(True, Decimal(2), Decimal(60_000)), one.fill(False, Decimal(3), Decimal(61_000))
        (Decimal('0'), Decimal('20.000000000000'))
        >>> one.size, one.average
        (Decimal('-1'), Decimal('61000'))
        """
        closed = min(size, self.closing(is_buy))
        realised = self._close(closed, price) if closed else ZERO
        opened = size - closed
        if opened:
            held = abs(self.size)
            self.average = (self.average * held + price * opened) / (held + opened)
            self.size += opened if is_buy else -opened
            self.direction = "long" if self.size > 0 else "short"
            self.largest = max(self.largest, abs(self.size))
            if self.is_isolated:
                self.margin += self.contract.notional(opened, price) / self.lever
        self.pnl += realised
        return realised

    def _close(self, closed: Decimal, price: Decimal) -> Decimal:
        direction = 1 if self.size > 0 else -1
        self.margin -= self.margin * closed / abs(self.size)
        self.size -= closed * direction
        self.closed_size += closed
        self.closed_worth += closed * price
        return rounded(self.contract.notional(closed, price - self.average) * direction)

    def upl(self, mark: Decimal) -> Decimal:
        """Profit not realised yet, at a price."""
        return self.contract.notional(self.size, mark - self.average) if self.size else ZERO

    def imr(self, mark: Decimal) -> Decimal:
        """Initial margin that a cross position ties up."""
        return self.contract.notional(abs(self.size), mark) / self.lever

    def mmr(self, mark: Decimal) -> Decimal:
        """Maintenance margin of its tier."""
        return self.contract.notional(abs(self.size), mark) * self.contract.tier(self.size).mmr


@dataclass(frozen=True, slots=True)
class Standing:
    """What a position's row takes from the account and the market."""

    mark: Decimal
    last: Decimal
    liquidation: Decimal | None
    mgn_ratio: Decimal | None
    available: Decimal | None
    """Contracts that no closing order holds; None where the venue leaves it empty."""
    taker: Decimal
    """Fee rate, for the break-even price."""
    close_algos: Sequence[Row] = ()


def position_row(position: Position, at: Standing, now_ms: int) -> Row:
    """As REST and the positions channel write it."""
    p, gone = position, position.size == 0
    shown = p.size if p.pos_side == "net" else abs(p.size)
    cost = p.contract.notional(abs(p.size), p.average) / p.lever if p.size else ZERO
    upl, upl_last = p.upl(at.mark), p.upl(at.last)
    return {
        "adl": "1", "availPos": text(at.available), "avgPx": "" if gone else text(p.average), "baseBal": "",
        "baseBorrowed": "", "baseInterest": "", "bePx": text(_break_even(p, at.taker)), "bizRefId": "",
        "bizRefType": "", "cTime": str(p.created_ms), "ccy": p.contract.settle, "clSpotInUseAmt": "",
        "closeOrderAlgo": list(at.close_algos), "deltaBS": "", "deltaPA": "", "fee": text(p.fee),
        "fundingFee": text(p.funding), "gammaBS": "", "gammaPA": "", "hedgedPos": "", "idxPx": text(at.mark),
        "imr": "" if p.is_isolated or gone else text(p.imr(at.mark)), "instId": p.contract.inst_id,
        "instType": SWAP, "interest": "", "last": text(at.last), "lever": text(p.lever), "liab": "", "liabCcy": "",
        "liqPenalty": text(p.penalty), "liqPx": text(at.liquidation),
        "margin": text(p.margin) if p.is_isolated and not gone else "", "markPx": text(at.mark),
        "maxSpotInUseAmt": "", "mgnMode": p.mgn_mode, "mgnRatio": text(at.mgn_ratio),
        "mmr": "" if gone else text(p.mmr(at.mark)), "nonSettleAvgPx": "",
        "notionalUsd": "" if gone else text(p.contract.notional(abs(p.size), at.mark)), "optVal": "",
        "pTime": str(now_ms), "pendingCloseOrdLiabVal": "", "pnl": text(p.pnl), "pos": text(shown), "posCcy": "",
        "posId": p.pos_id, "posSide": p.pos_side, "quoteBal": "", "quoteBorrowed": "", "quoteInterest": "",
        "realizedPnl": text(p.realized), "settledPnl": "", "spotInUseAmt": "", "spotInUseCcy": "", "thetaBS": "",
        "thetaPA": "", "tradeId": p.trade_id, "uTime": str(p.updated_ms), "upl": "" if gone else text(upl),
        "uplLastPx": "" if gone else text(upl_last),
        "uplRatio": text(upl / cost) if cost else "", "uplRatioLastPx": text(upl_last / cost) if cost else "",
        "usdPx": "", "vegaBS": "", "vegaPA": "",
    }  # fmt: skip


def balance_and_position_row(position: Position) -> Row:
    """As the small channel writes a position."""
    p = position
    return {
        "avgPx": text(p.average), "baseBal": "", "ccy": p.contract.settle, "instId": p.contract.inst_id,
        "instType": SWAP, "mgnMode": p.mgn_mode, "nonSettleAvgPx": "",
        "pos": text(p.size if p.pos_side == "net" else abs(p.size)), "posCcy": "", "posId": p.pos_id,
        "posSide": p.pos_side, "quoteBal": "", "settledPnl": "", "tradeId": p.trade_id, "uTime": str(p.updated_ms),
    }  # fmt: skip


def history_row(position: Position, kind: str) -> Row:
    """As `/account/positions-history` writes one that was closed. `kind`: 2 closed, 3 liquidated."""
    p = position
    closed_at = p.closed_worth / p.closed_size if p.closed_size else None
    return {
        "cTime": str(p.created_ms), "ccy": p.contract.settle, "closeAvgPx": text(closed_at),
        "closeTotalPos": text(p.closed_size), "direction": p.direction, "fee": text(p.fee),
        "fundingFee": text(p.funding), "instId": p.contract.inst_id, "instType": SWAP, "lever": text(p.lever),
        "liqPenalty": text(p.penalty), "mgnMode": p.mgn_mode, "nonSettleAvgPx": "", "openAvgPx": text(p.average),
        "openMaxPos": text(p.largest), "pnl": text(p.pnl), "pnlRatio": "", "posId": p.pos_id,
        "posSide": p.pos_side, "realizedPnl": text(p.realized), "settledPnl": "", "triggerPx": "", "type": kind,
        "uTime": str(p.updated_ms), "uly": p.contract.family,
    }  # fmt: skip


def _break_even(p: Position, taker: Decimal) -> Decimal | None:
    """The price at which closing all would leave nothing: fees so far and that of closing counted."""
    if not p.size:
        return None
    worth, direction = p.contract.notional(abs(p.size), Decimal(1)), 1 if p.size > 0 else -1
    return (p.average * worth - direction * (p.fee + p.funding)) / (worth * (1 - direction * taker))
