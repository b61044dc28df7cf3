"""The one ascending sequence of an account: transactions, orders and trades share it; and how history is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from adapters.oanda.simulator.errors import BadRequest, NoSuch, Refusal
from adapters.oanda.simulator.formats import Moment

Transaction = dict[str, Any]
MOST = 1000
"""Rows of one call of `sinceid` or `idrange`."""

_GROUPS: Mapping[str, Callable[[str], bool]] = {
    "ORDER": lambda type_: "ORDER" in type_,
    "FUNDING": lambda type_: type_.startswith("TRANSFER_FUNDS"),
    "ADMIN": lambda type_: type_ in ("CREATE", "CLOSE", "REOPEN", "CLIENT_CONFIGURE", "CLIENT_CONFIGURE_REJECT"),
    "CLIENT_CONFIGURE": lambda type_: type_.startswith("CLIENT_CONFIGURE"),
    "MARKET_ORDER": lambda type_: type_.startswith("MARKET_ORDER"),
}


class TransactionLog:
    """Transactions of one account, oldest first; listeners hear each as it is made."""

    def __init__(self, account_id: str, user_id: int) -> None:
        self._common = {"accountID": account_id, "userID": user_id}
        self.rows: list[Transaction] = []
        self.listeners: set[Callable[[Transaction], None]] = set()
        self._batch = ""
        self._request = ""

    @property
    def last_id(self) -> str:
        return str(len(self.rows))

    @property
    def next_id(self) -> str:
        return str(len(self.rows) + 1)

    @contextmanager
    def request(self, request_id: str) -> Iterator[None]:
        """Transactions made inside share a batch and carry the request's number."""
        before = self._batch, self._request
        self._batch, self._request = self.next_id, request_id
        try:
            yield
        finally:
            self._batch, self._request = before

    def add(self, type_: str, time: Moment, /, **fields: Any) -> Transaction:
        number = self.next_id
        row: Transaction = {"type": type_, **{name: each for name, each in fields.items() if each is not None}}
        row |= {"id": number, **self._common, "batchID": self._batch or number}
        if self._request:
            row["requestID"] = self._request
        row["time"] = time
        self.rows.append(row)
        for tell in tuple(self.listeners):
            tell(row)
        return row

    def one(self, number: str) -> Transaction:
        if not number.isdigit() or not 1 <= int(number) <= len(self.rows):
            raise NoSuch("transaction")
        return self.rows[int(number) - 1]

    def since(self, number: str, types: str) -> list[Transaction]:
        """Those after a number, which is 0 … the last one. Raises Refusal 416 outside, BadRequest for no number."""
        if not number.isdigit():
            raise BadRequest("id")
        if int(number) > len(self.rows):
            raise out_of_range()
        return self._filtered(self.rows[int(number) :], types)[:MOST]

    def between(self, first: str, last: str, types: str) -> list[Transaction]:
        """Those of an inclusive range."""
        for name, value in (("from", first), ("to", last)):
            if not value.isdigit() or value == "0":
                raise BadRequest(name)
        if int(first) > int(last) or int(last) > len(self.rows):
            raise out_of_range()
        return self._filtered(self.rows[int(first) - 1 : int(last)], types)[:MOST]

    def numbers_between(self, begin: int | None, end: int | None, types: str) -> list[int]:
        """Numbers of those whose time is in [begin, end)."""
        rows = [
            row for row in self.rows if (begin is None or row["time"] >= begin) and (end is None or row["time"] < end)
        ]
        return [int(row["id"]) for row in self._filtered(rows, types)]

    def _filtered(self, rows: list[Transaction], types: str) -> list[Transaction]:
        if not types:
            return rows
        wanted = [each for each in types.split(",") if each]
        return [row for row in rows if any(_is_of(str(row["type"]), each) for each in wanted)]


def out_of_range() -> Refusal:
    return Refusal(416, "The requested transaction range is not satisfiable", "INVALID_TRANSACTION_RANGE")


def _is_of(type_: str, wanted: str) -> bool:
    group = _GROUPS.get(wanted)
    return type_ == wanted or (group is not None and group(type_))
