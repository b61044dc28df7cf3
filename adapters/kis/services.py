"""The services of the venue that the adapter uses: path, transaction id, and what the mock environment has of them.

Fact sheet §4. A mock id is the live one with `V` for its first letter; ids of quotes are the same (trap 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ruleengine.ports.venue import VenueError

_PREFIX = "/uapi/domestic-stock/v1"


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    method: Literal["GET", "POST"]
    path: str
    live_id: str
    mock_id: str = ""

    def tr_id(self, *, is_mock: bool) -> str:
        """Errors   VenueError where the mock environment has no such service."""
        if not is_mock:
            return self.live_id
        if not self.mock_id:
            raise VenueError(
                f"the mock environment has no service `{self.name}`", code="OPSQ0002", is_final=True,
                remedy="it is there on a live account only",
            )  # fmt: skip
        return self.mock_id


def _trading(name: str, method: Literal["GET", "POST"], path: str, tr_id: str) -> Service:
    return Service(name, method, f"{_PREFIX}/trading/{path}", tr_id, f"V{tr_id[1:]}")


def _quotation(name: str, path: str, tr_id: str) -> Service:
    return Service(name, "GET", f"{_PREFIX}/quotations/{path}", tr_id, tr_id)


BUY = _trading("buy", "POST", "order-cash", "TTTC0012U")
SELL = _trading("sell", "POST", "order-cash", "TTTC0011U")
CANCEL = _trading("revise or cancel", "POST", "order-rvsecncl", "TTTC0013U")
LEDGER = _trading("orders of a day", "GET", "inquire-daily-ccld", "TTTC0081R")
OLD_LEDGER = _trading("orders older than three months", "GET", "inquire-daily-ccld", "CTSC9215R")
BALANCE = _trading("balance", "GET", "inquire-balance", "TTTC8434R")
PRICE = _quotation("price now", "inquire-price", "FHKST01010100")
DAY_BARS = _quotation("daily chart", "inquire-daily-itemchartprice", "FHKST03010100")
MINUTE_BARS = _quotation("minute chart", "inquire-time-itemchartprice", "FHKST03010200")
HOLIDAYS = Service("calendar of the exchange", "GET", f"{_PREFIX}/quotations/chk-holiday", "CTCA0903R")

TRADES_STREAM, BOOK_STREAM = "H0STCNT0", "H0STASP0"
NOTICE_STREAM = {False: "H0STCNI0", True: "H0STCNI9"}
"""By whether the account is a mock one."""
