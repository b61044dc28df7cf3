"""The account as the venue states it: cash, what is held, and both as the engine's book.

Cash is `prvs_rcdl_excc_amt`, the deposit as it will be in two days, when all trades so far are settled: `dnca_tot_amt`
still has the money of shares that were bought yesterday (trap 11). The engine's balance is cash with what the holdings
cost: equity is then balance and open results, and what is free is what is left when the holdings' value is taken off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapters.kis import kst
from adapters.kis.client import Client
from adapters.kis.errors import Answer
from adapters.kis.fills import Holding, trade_id
from adapters.kis.hosts import AccountNumber
from adapters.kis.ledger import Ledger, LedgerOrder
from adapters.kis.rows import Row
from adapters.kis.services import BALANCE
from adapters.wire.budget import Urgency
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueAccount, VenueError

CURRENCY = "KRW"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Stock:
    """What is held of one share and was paid in full. `sellable`: less what open sales hold. `bought`, `sold`: today,
    in all rows of the share. `value`: at the venue's price, or at cost where it
    states none."""

    symbol: str
    units: Decimal
    sellable: Decimal
    cost: Decimal
    value: Decimal
    bought: Decimal
    sold: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """`read_ns`: our clock before it was asked for. `stocks`: also those of which nothing is held any more."""

    read_ns: int
    cash: Decimal
    stocks: Mapping[str, Stock]
    credit: tuple[str, ...] = ()
    """Shares held on credit, which are left out."""

    @property
    def held(self) -> list[Stock]:
        return [stock for stock in self.stocks.values() if stock.units > 0]

    @property
    def balance(self) -> Decimal:
        """As the engine means it."""
        return self.cash + sum((stock.units * stock.cost for stock in self.held), _ZERO)

    @property
    def margin_used(self) -> Decimal:
        """Shares paid in full tie up their whole value."""
        return sum((stock.value for stock in self.held), _ZERO)

    def holdings(self) -> dict[str, Holding]:
        return {stock.symbol: Holding(stock.units, stock.cost) for stock in self.held}

    def sellable(self, symbol: str) -> Decimal:
        stock = self.stocks.get(symbol)
        return _ZERO if stock is None else stock.sellable

    def agrees_with(self, ledger: Ledger, symbol: str = "") -> bool:
        """Do the day's sums in both say the same, of one symbol or of all? Either may lag behind the other for a
        while; where they agree, the same fills are in both."""
        filled = ledger.filled_on(kst.day_of(self.read_ns))
        stated = {
            key: units
            for stock in self.stocks.values()
            for key, units in (((stock.symbol, Side.LONG), stock.bought), ((stock.symbol, Side.SHORT), stock.sold))
            if units and symbol in ("", stock.symbol)
        }
        return filled == stated


class AccountReader:
    """Reads one account's balance."""

    def __init__(self, client: Client, account: AccountNumber, now_ns: Callable[[], int]) -> None:
        self._client, self._account, self._now_ns = client, account, now_ns

    async def balance(self, *, urgency: Urgency = Urgency.RESOLVE) -> Balance:
        """
        Errors   VenueError where it can't be had whole.
        """
        read_ns = self._now_ns()
        query = {
            **self._account.fields, "AFHR_FLPR_YN": "N", "OFL_YN": "", "INQR_DVSN": "02", "UNPR_DVSN": "01",
            "FUND_STTL_ICLD_YN": "N", "FNCG_AMT_AUTO_RDPT_YN": "N", "PRCS_DVSN": "00",
        }  # fmt: skip
        return balance_of(await self._client.pages(BALANCE, query, urgency=urgency), read_ns)


def balance_of(pages: list[Answer], read_ns: int) -> Balance:
    """From all pages of the service.

    Errors   VenueError where a figure is missing: unknown is not 0.
    """
    cash = pages[-1].row("output2").number("prvs_rcdl_excc_amt")
    stocks: dict[str, Stock] = {}
    credit: list[str] = []
    for row in _once(pages):
        symbol = row.text("pdno")
        if not symbol:
            raise VenueError("a row of the balance names no share", code="PAYLOAD", remedy="ask again")
        is_credit = bool(row.text("loan_dt").strip("0"))
        if is_credit and row.number("hldg_qty") > 0:
            credit.append(symbol)
        stocks[symbol] = _with(stocks.get(symbol), symbol, row, is_credit=is_credit)
    return Balance(read_ns, cash, stocks, tuple(credit))


def _once(pages: list[Answer]) -> list[Row]:
    """All rows, without those that a later page has again because rows moved while pages were read."""
    found: list[Row] = []
    before: set[tuple[str, str, str]] = set()
    for page in pages:
        rows = page.rows("output1")
        names = [(row.text("pdno"), row.text("trad_dvsn_name"), row.text("loan_dt")) for row in rows]
        found += [row for row, name in zip(rows, names, strict=True) if name not in before]
        before.update(names)
    return found


def _with(before: Stock | None, symbol: str, row: Row, *, is_credit: bool) -> Stock:
    """The share with one more row: one share may have a row paid in full and others on credit, or several (trap 14)."""
    known = before or Stock(symbol, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO)
    bought = known.bought + (row.maybe("thdt_buyqty") or _ZERO)
    sold = known.sold + (row.maybe("thdt_sll_qty") or _ZERO)
    units = row.number("hldg_qty")
    if is_credit or units <= 0:
        return Stock(symbol, known.units, known.sellable, known.cost, known.value, bought, sold)
    price = row.number("pchs_avg_pric")
    total = known.units + units
    cost = (known.cost * known.units + price * units) / total if known.units else price
    value = row.maybe("evlu_amt")
    return Stock(
        symbol, total, known.sellable + row.number("ord_psbl_qty"), cost,
        known.value + (value if value is not None and value > 0 else units * price), bought, sold,
    )  # fmt: skip


def opened_ns(stock: Stock, orders: list[LedgerOrder], begin_ns: int) -> int:
    """When the position began: walking back through the orders that filled, where it was nothing. `begin_ns`: of the
    oldest day in `orders`; a position that is older is at least that old.

    The time is that of the order, since fills have none here."""
    units = stock.units
    filled = [order for order in orders if order.symbol == stock.symbol and order.filled > 0]
    for order in sorted(filled, key=lambda each: (each.ordered_ns, each.number), reverse=True):
        units -= order.filled if order.side is Side.LONG else -order.filled
        if units <= 0:
            return order.ordered_ns
    return begin_ns


def trade_of(stock: Stock, began_ns: int) -> TradeState:
    """What is held of a share, as the one trade of its side."""
    return TradeState(trade_id(stock.symbol), stock.symbol, Side.LONG, stock.units, stock.cost, began_ns)


def account_of(account: AccountNumber, balance: Balance, *, is_mock: bool) -> VenueAccount:
    """A cash account: one side, no margin, no leverage."""
    flags = [("kind", "mock investment" if is_mock else "live"), ("settlement", "two days after the trade")]
    if balance.credit:
        flags.append(("held on credit, left out", ", ".join(balance.credit)))
    return VenueAccount(
        account.text, CURRENCY, "netting", "practice" if is_mock else "live", flags=tuple(flags)
    )  # fmt: skip
