"""The venue's list of orders: one row an order, with what of it filled so far in all (§4.5).

There are no single fills in it and no times of fills. A cancel is a row of its own beside the order's; a revise is one
that takes the order's place, under another number that points back (trap 9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from adapters.kis import kst
from adapters.kis.client import Client
from adapters.kis.errors import Answer
from adapters.kis.hosts import AccountNumber
from adapters.kis.orders import Key
from adapters.kis.rows import Row
from adapters.kis.services import LEDGER, OLD_LEDGER
from adapters.wire.budget import Urgency
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError

RECENT_DAYS = 89
"""Days that the one service has; what is older is asked of another."""
_SIDES = {"01": Side.SHORT, "02": Side.LONG}
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LedgerOrder:
    """One row. `original`: the number of the order that it revises or cancels, ""; `kind`: ORD_DVSN; `price` 0 for a
    market order; `amount`: value of what filled, None where it is not stated; `left`: may still fill."""

    day: str
    branch: str
    number: str
    original: str
    symbol: str
    side: Side
    kind: str
    units: Decimal
    price: Decimal
    clock: str
    filled: Decimal
    amount: Decimal | None
    average: Decimal | None
    cancelled: Decimal
    rejected: Decimal
    left: Decimal
    is_cancel: bool

    @property
    def key(self) -> Key:
        return Key.of(self.day, self.number, self.symbol)

    @property
    def ordered_ns(self) -> int:
        """When it was ordered, to the second."""
        return kst.moment(self.day, self.clock)

    @property
    def value(self) -> Decimal | None:
        """Value of what filled, also where only its average price is stated."""
        if self.amount is not None and self.amount > 0:
            return self.amount
        return None if self.average is None or self.average <= 0 else self.average * self.filled


@dataclass(frozen=True, slots=True)
class Ledger:
    """All orders of some days as they stood at `read_ns` (our clock, before the first page was asked for), each once:
    where pages moved under the reading, as it was read last. `whole_from`: the KST date from which on it has all orders
    of the account; "": of one share, or not read."""

    read_ns: int
    orders: tuple[LedgerOrder, ...]
    whole_from: str = ""

    def of_symbol(self, symbol: str) -> list[LedgerOrder]:
        return [order for order in self.orders if order.symbol == symbol]

    def filled_on(self, day: str) -> dict[tuple[str, Side], Decimal]:
        """Units bought and sold of each symbol on a day."""
        found: dict[tuple[str, Side], Decimal] = {}
        for order in self.orders:
            if order.day == day and order.filled:
                key = (order.symbol, order.side)
                found[key] = found.get(key, _ZERO) + order.filled
        return found

    def keys(self) -> frozenset[Key]:
        return frozenset(order.key for order in self.orders)

    def filled(self) -> dict[Key, Decimal]:
        """Units of every row that filled."""
        return {order.key: order.filled for order in self.orders}

    @property
    def is_priced(self) -> bool:
        """Is it stated of all that filled for how much? A fill is told with its price, and once."""
        return all(order.value is not None for order in self.orders if order.filled)


class LedgerReader:
    """Reads it for one account, orders at other exchanges too: the balance has what they filled. (Mock knows KRX.)"""

    def __init__(self, client: Client, account: AccountNumber, now_ns: Callable[[], int]) -> None:
        self._client, self._account, self._now_ns = client, account, now_ns

    async def today(self, symbol: str = "", *, urgency: Urgency = Urgency.RESOLVE) -> Ledger:
        """Of the Korean date that it is."""
        day = kst.day_of(self._now_ns())
        return await self.between(day, day, symbol, urgency=urgency)

    async def between(
        self, first: str, last: str, symbol: str = "", *, urgency: Urgency = Urgency.RESOLVE
    ) -> Ledger:  # fmt: skip
        """All orders, in whatever state, of the KST dates from first to last, oldest first, so that orders that come
        while pages are read move none of them; `symbol` "": of all.

        Errors   VenueError where it can't be had whole.
        """
        read_ns = self._now_ns()
        edge = kst.shifted(kst.day_of(read_ns), -RECENT_DAYS)
        query = {
            **self._account.fields, "INQR_STRT_DT": first, "INQR_END_DT": last, "SLL_BUY_DVSN_CD": "00",
            "INQR_DVSN": "01", "PDNO": symbol, "CCLD_DVSN": "00", "ORD_GNO_BRNO": "", "ODNO": "", "INQR_DVSN_3": "00",
            "INQR_DVSN_1": "", "EXCG_ID_DVSN_CD": "KRX" if self._client.hosts.is_mock else "ALL",
        }  # fmt: skip
        rows: list[LedgerOrder] = []
        if first < edge:
            old = {**query, "INQR_END_DT": min(last, kst.shifted(edge, -1))}
            rows += _orders(await self._client.pages(OLD_LEDGER, old, urgency=urgency))
        if last >= edge:
            recent = {**query, "INQR_STRT_DT": max(first, edge)}
            rows += _orders(await self._client.pages(LEDGER, recent, urgency=urgency))
        once = {row.key: row for row in rows if not symbol or row.symbol == symbol}
        is_whole = not symbol and last >= kst.day_of(read_ns)
        return Ledger(read_ns, tuple(once.values()), first if is_whole else "")


def order_of(row: Row) -> LedgerOrder:
    """
    Errors   VenueError for a row that can't be one.
    """
    side = _SIDES.get(row.text("sll_buy_dvsn_cd"))
    number, day = row.text("odno"), row.text("ord_dt")
    if side is None or not number or not day:
        raise VenueError("a row of the order list has no side, number or date", code="PAYLOAD", remedy="ask again")
    original = row.text("orgn_odno")
    original = original if original.strip("0") else ""
    units, filled = row.number("ord_qty"), row.number("tot_ccld_qty")
    cancelled = row.maybe("cncl_cfrm_qty", "cnc_cfrm_qty") or _ZERO
    is_cancel = bool(original) and _is_cancel(row, has_moved=filled + cancelled > 0)
    rejected = row.maybe("rjct_qty") or _ZERO
    left = row.maybe("rmn_qty")
    if left is None:
        left = units - filled - cancelled - rejected
    if row.text("cncl_yn").upper() == "Y" and not is_cancel:
        cancelled = max(cancelled, units - filled - rejected)
    return LedgerOrder(
        day, row.text("ord_gno_brno", "ord_orgno"), number, original, row.text("pdno"), side, row.text("ord_dvsn_cd"),
        units, row.maybe("ord_unpr") or _ZERO, row.text("ord_tmd"), filled,
        row.maybe("tot_ccld_amt"), row.maybe("avg_prvs"), cancelled, rejected, max(left, _ZERO), is_cancel,
    )  # fmt: skip


def _is_cancel(row: Row, *, has_moved: bool) -> bool:
    """Of a row that points back: is it the cancel of an order, or a revised order (which may have been cancelled in its
    turn)? Nothing of a cancel ever fills or is taken back."""
    name = row.text("sll_buy_dvsn_cd_name")
    return "취소" in name or (row.text("cncl_yn").upper() == "Y" and "정정" not in name and not has_moved)


def _orders(answers: Iterable[Answer]) -> list[LedgerOrder]:
    return [order_of(row) for answer in answers for row in answer.rows("output1")]
