"""A venue of one account behind `httpx.MockTransport`, moved by hand: for tests of single parts of the adapter.

It knows nothing of the simulator. Rows of its order list are what a test puts there, or what orders leave in it; what
goes wrong with the next order is `faults`: `lose_request`, `lose_reply`, `connect`, or an answer (status, body); with
the next token `token:connect`.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import json
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ParamSpec

import httpx
from pydantic import SecretStr

from adapters.kis import kst
from adapters.kis.account import AccountReader
from adapters.kis.client import Client
from adapters.kis.desk import Desk
from adapters.kis.fills import FillBook, Holding
from adapters.kis.hosts import AccountNumber, hosts_of
from adapters.kis.instruments import plain_share
from adapters.kis.ledger import LedgerReader
from adapters.kis.notices import Notice, read
from adapters.kis.numbers import NumberFile
from adapters.wire.clock import ManualClock
from ruleengine.model.event import Fill, OrderUpdate
from ruleengine.model.fees import Fees
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access

NOON = kst.moment("20260304", "120000")
"""Wednesday 2026-03-04, 12:00 in Seoul."""
ACCOUNT = AccountNumber.of("12345678-01")
SAMSUNG = "005930"
_LEAST_S = 1e-6
"""Of a pause: a shorter one would not move a clock of floats."""
_IDLE_TURNS = 40
"""Of the loop, in which an exchange with the venue below is over."""


_P = ParamSpec("_P")


def played(course: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """A test that is a coroutine, as one that pytest runs."""

    @functools.wraps(course)
    def run(*given: _P.args, **named: _P.kwargs) -> None:
        asyncio.run(course(*given, **named))

    return run


def access(folder: Path | None = None, **more: Any) -> Access:
    """Keys of a made-up account at a made-up address."""
    secrets = {name: SecretStr(f"test-{name}-0123456789") for name in ("appkey", "appsecret", "hts_id")}
    return Access(account_id="12345678-01", address="http://127.0.0.1:1", secrets=secrets, cache=folder, **more)


def row(number: str, units: int, **more: Any) -> dict[str, str]:
    """A row of the order list: a market buy of Samsung at noon that has filled nothing, but for what `more` says."""
    values = {
        "ord_dt": "20260304", "ord_gno_brno": "06010", "odno": number, "orgn_odno": "", "sll_buy_dvsn_cd": "02",
        "sll_buy_dvsn_cd_name": "현금매수", "pdno": SAMSUNG, "ord_qty": str(units), "ord_unpr": "0",
        "ord_tmd": "120000", "tot_ccld_qty": "0", "avg_prvs": "0", "cncl_yn": "", "tot_ccld_amt": "0",
        "ord_dvsn_cd": "01", "cncl_cfrm_qty": "0", "rjct_qty": "0",
    }  # fmt: skip
    values.update({name: str(value) for name, value in more.items()})
    taken = sum(int(values[name]) for name in ("tot_ccld_qty", "cncl_cfrm_qty", "rjct_qty"))
    values.setdefault("rmn_qty", str(max(units - taken, 0)))
    return values


def stock(symbol: str, units: int, cost: str, **more: Any) -> dict[str, str]:
    """A row of the balance, paid in full."""
    values = {
        "pdno": symbol, "trad_dvsn_name": "현금", "hldg_qty": str(units), "ord_psbl_qty": str(units),
        "pchs_avg_pric": cost, "thdt_buyqty": "0", "thdt_sll_qty": "0", "loan_dt": "", "evlu_amt": "0",
    }  # fmt: skip
    return {**values, **{name: str(value) for name, value in more.items()}}


def notice(number: str, kind: str, units: int, price: int = 0, *, clock: str = "120001", **more: str) -> Notice:
    """As the venue would tell it, read by the adapter."""
    fields = [
        "HTSID01", more.get("account", ACCOUNT.digits), number, more.get("original", ""), more.get("side", "02"),
        {"revised": "1", "cancelled": "2"}.get(kind, "0"), "01", "0", more.get("symbol", SAMSUNG), f"{units:010d}",
        f"{price:09d}", clock, "1" if kind == "rejected" else "0", "2" if kind == "fill" else "1",
        "2" if kind in {"fill", "cancelled", "revised"} else "1", "06010", f"{int(more.get('ordered', units)):09d}",
        "홍길동",
    ]  # fmt: skip
    found = read([*fields, "000000000", "1", "", "", "00", "", "삼성전자", "000000000"], ACCOUNT.digits)
    assert found is not None
    return found


class IdleClock(ManualClock):
    """Time that moves on to the next one who sleeps, as soon as nobody else has anything to do."""

    _moving: asyncio.Task[None] | None = None

    async def sleep(self, seconds: float) -> None:
        if self._moving is None or self._moving.done():
            self._moving = asyncio.ensure_future(self._move_on())
        await super().sleep(max(seconds, _LEAST_S))

    async def _move_on(self) -> None:
        while True:
            for _ in range(_IDLE_TURNS):
                await asyncio.sleep(0)
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)  # it was given up
            if not self._sleepers:
                return
            await self.advance(max(self._sleepers[0][0] - self._elapsed, 0.0))


class Stand:
    """`asked`: every request as (path, tr_id, query or body). `orders`: bodies of orders that the venue took."""

    def __init__(self, *, is_mock: bool = True, folder: Path | None = None) -> None:
        self.clock = IdleClock(NOON)
        self.access = access(folder, environment="practice" if is_mock else "live")
        self.client = Client.of(
            self.access,
            hosts_of(self.access),
            self.clock,
            rate_per_s=1000,
            via=lambda: httpx.MockTransport(self._answer),
        )
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.orders: list[dict[str, str]] = []
        self.rows: list[dict[str, str]] = []
        self.stocks: list[dict[str, str]] = []
        self.cash = "10000000"
        self.faults: list[str | tuple[int, Any]] = []
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        """By the end of a path: what is answered in place of the usual, first first."""
        self.paged: dict[str, list[tuple[int, Any, dict[str, str]]]] = {}
        """The same, with headers."""
        self.page = 100
        self.tokens = 0
        self.next_number = 100
        self.said: list[OrderUpdate | Fill] = []
        self.ledgers = LedgerReader(self.client, ACCOUNT, self.clock.now_ns)
        self.accounts = AccountReader(self.client, ACCOUNT, self.clock.now_ns)
        self.fees: dict[str, Fees] = {}
        self.fills = FillBook(self.fees)
        self.specs = {SAMSUNG: plain_share(SAMSUNG)}
        self.desk = self.make_desk()

    def make_desk(self) -> Desk:
        desk = Desk(
            self.client, ACCOUNT, self.ledgers, self.accounts, self.fills, self.specs, self.clock, self.said.append,
            NumberFile(self.access.cache, self.access.address, ACCOUNT.text),
        )  # fmt: skip
        desk.standing.back()
        return desk

    async def rest(self) -> None:
        """Until nothing is on its way."""
        for _ in range(20_000):
            await asyncio.sleep(0)
            if not self.desk.is_sending:
                return
        raise AssertionError("the desk does not come to rest")

    async def turns(self, count: int) -> None:
        """So many turns of the loop, in which something is on its way."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def place(self, side: str, units: int, price: int | None = None, *, name: str = "o1", **more: Any) -> None:
        """Hand an order over and wait until what becomes of it was said."""
        self.desk.place(order(side, units, price, name=name, **more))
        await self.rest()

    def hold(self, symbol: str, units: int, cost: str, **more: Any) -> None:
        """The account holds a share, and the adapter knows."""
        self.stocks.append(stock(symbol, units, cost, **more))
        self.fills.adopt({symbol: Holding(Decimal(units), Decimal(cost))}, self.clock.now_ns())

    def told(self) -> list[str]:
        """What was said of orders, in words."""
        return [
            f"fill {each.units} @ {each.price}" if isinstance(each, Fill) else str(each.status) for each in self.said
        ]

    @property
    def updates(self) -> list[OrderUpdate]:
        return [each for each in self.said if isinstance(each, OrderUpdate)]

    @property
    def fills_told(self) -> list[Fill]:
        return [each for each in self.said if isinstance(each, Fill)]

    # --- what the venue does ------------------------------------------------------------------------------------

    def hear(self, told: Notice) -> None:
        """A notice comes."""
        self.desk.standing.on_notice(told, self.clock.now_ns())

    def list_fill(self, units: int, worth: int, *, at: int = 0) -> None:
        """From now on a row of the order list has so many units filled, for so much in all."""
        left = int(self.rows[at]["ord_qty"]) - units
        self.rows[at].update(tot_ccld_qty=str(units), tot_ccld_amt=str(worth), rmn_qty=str(left))

    async def read_list(self) -> None:
        """The adapter reads the order list of the day."""
        self.desk.standing.apply(await self.ledgers.today())

    async def taken(self) -> None:
        """Until the venue took an order, whose answer is still on its way."""
        while not self.orders:
            await asyncio.sleep(0)

    # --- the venue ----------------------------------------------------------------------------------------------

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rsplit("/", 1)[1]
        values: dict[str, str] = (
            dict(request.url.params) if request.method == "GET" else json.loads(request.content or b"{}")
        )
        self.asked.append((path, request.headers.get("tr_id", ""), values))
        if self.answers.get(path):
            return _response(*self.answers[path].pop(0))
        if self.paged.get(path):
            return _response(*self.paged[path].pop(0))
        match path:
            case "tokenP":
                if "token:connect" in self.faults:
                    self.faults.remove("token:connect")
                    raise httpx.ConnectError("refused", request=request)
                self.tokens += 1
                return _response(200, {"access_token": f"token-{self.tokens}", "expires_in": 86400})
            case "Approval":
                return _response(200, {"approval_key": "approval-0123456789"})
            case "order-cash" | "order-rvsecncl":
                return self._order(request, values, is_cancel=path == "order-rvsecncl")
            case "inquire-daily-ccld":
                return self._ledger(request, values)
            case "inquire-balance":
                return _response(200, {**GOOD, "output1": self.stocks, "output2": [{"prvs_rcdl_excc_amt": self.cash}]})
        raise AssertionError(f"nothing is known of {path}")

    def _order(self, request: httpx.Request, body: dict[str, str], *, is_cancel: bool) -> httpx.Response:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "connect":
            raise httpx.ConnectError("refused", request=request)
        if fault == "lose_request":
            raise httpx.ReadTimeout("no answer", request=request)
        if isinstance(fault, tuple):
            return _response(*fault)
        self.next_number += 1
        number = f"{self.next_number:010d}"
        self.orders.append(body)
        if not is_cancel:
            side = "02" if request.headers["tr_id"].endswith("0012U") else "01"
            self.rows.append(
                row(
                    number, int(body["ORD_QTY"]), pdno=body["PDNO"], ord_unpr=body["ORD_UNPR"],
                    ord_dvsn_cd=body["ORD_DVSN"], sll_buy_dvsn_cd=side, ord_dt=kst.day_of(self.clock.now_ns()),
                    ord_tmd=kst.clock_of(self.clock.now_ns()),
                )
            )  # fmt: skip
        if fault == "lose_reply":
            raise httpx.ReadError("broken", request=request)
        output = {"KRX_FWDG_ORD_ORGNO": "06010", "ODNO": number, "ORD_TMD": kst.clock_of(self.clock.now_ns())}
        return _response(200, {**GOOD, "msg_cd": "APBK0013", "output": output})

    def _ledger(self, request: httpx.Request, query: Mapping[str, str]) -> httpx.Response:
        rows = [
            each
            for each in self.rows
            if query["INQR_STRT_DT"] <= each["ord_dt"] <= query["INQR_END_DT"] and query["PDNO"] in ("", each["pdno"])
        ]
        begin = int(query["CTX_AREA_NK100"].strip() or 0) if request.headers["tr_cont"] == "N" else 0
        end = begin + self.page
        following = f"{end}".ljust(100) if end < len(rows) else " " * 100
        body = {
            **GOOD, "output1": rows[begin:end], "output2": {"tot_ord_qty": "0"},
            "ctx_area_fk100": "12345678^01 ^ 20260304".ljust(100), "ctx_area_nk100": following,
        }  # fmt: skip
        return _response(200, body, {"tr_cont": "M" if end < len(rows) else "D"})


GOOD = {"rt_cd": "0", "msg_cd": "KIOK0510", "msg1": "조회가 완료되었습니다".ljust(80)}


def refused(code: str, text: str = "", status: int = 200) -> tuple[int, dict[str, str]]:
    """An answer that refuses."""
    return status, {"rt_cd": "1" if status >= 500 else "7", "msg_cd": code, "msg1": text.ljust(80)}


def order(side: str, units: int, price: int | None = None, *, name: str = "o1", **more: Any) -> Order:
    return Order(
        name, more.pop("symbol", SAMSUNG), Side.LONG if side == "buy" else Side.SHORT, Decimal(units),
        "market" if price is None else "limit", None if price is None else Decimal(price), **more,
    )  # fmt: skip


def _response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return httpx.Response(status, content=content, headers=dict(headers or {}))
