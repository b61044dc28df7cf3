"""Transactions, each applied once and in whatever order they are heard, as what the engine is told."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.oanda.ledger import Ledger
from adapters.oanda.sent import Sent, SentOrders
from adapters.wire.decimals import loads
from ruleengine.model.event import CashChange, Fill, OrderStatus, OrderUpdate, VenueEvent
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.oanda.payloads import T0, at, cancelled, closing, created, filled, rejected

D = Decimal


class Book:
    """A ledger that was caught up to 100, with orders that are on their way."""

    def __init__(self, *orders: Order) -> None:
        self.told: list[VenueEvent] = []
        self.doubts = 0
        self.duplicates: list[str] = []
        self.sent = SentOrders()
        self.ledger = Ledger(
            self.sent, 100, self.told.append, lambda: 9, on_doubt=self._doubt,
            on_duplicate=lambda sent: self.duplicates.append(sent.order.id),
        )  # fmt: skip
        self.orders = [self.sent.add(Sent(order, 0, 100)) for order in orders]

    def _doubt(self) -> None:
        self.doubts += 1

    def take(self, *rows: dict[str, Any]) -> list[str]:
        """What is told of them, in short."""
        before = len(self.told)
        self.ledger.take(rows)
        return [short(event) for event in self.told[before:]]


def short(event: VenueEvent) -> str:
    if isinstance(event, OrderUpdate) and event.status is OrderStatus.AMENDED:
        code = f" {event.code}" if event.code else ""
        return f"{event.order_id} amended {event.venue_id} {event.units} at {event.price}{code}"
    if isinstance(event, OrderUpdate):
        return f"{event.order_id} {event.status.value} {event.venue_id}{' ' if event.code else ''}{event.code}"
    if isinstance(event, Fill):
        return f"{event.order_id or '-'} {'opens' if event.opens else 'reduces'} {event.units} of {event.trade_id}"
    if isinstance(event, CashChange):
        return f"{event.reason} {event.amount}"
    return event.kind


def an_order(name: str = "a", units: int = 1000, trade: str = "") -> Order:
    return Order(name, "EUR_USD", Side.LONG, D(units), trade_id=trade)


def test_an_order_that_fills() -> None:
    book = Book(an_order())
    assert book.take(created(101, "a"), filled(102, 101, "a")) == ["a accepted 101", "a opens 1000 of 102"]
    assert book.ledger.is_at(102)
    assert not book.sent.out


def test_what_is_heard_again_is_told_once() -> None:
    book = Book(an_order())
    rows = [created(101, "a"), filled(102, 101, "a", financing="-0.5")]
    assert len(book.take(*rows)) == 3
    assert book.take(*rows, *rows) == []


def test_any_order_of_hearing_tells_the_same_fills_and_ends_at_the_same_place() -> None:
    """Fills and money are the same set whatever came first, and the cursor only moves over what was applied."""
    rows = [
        created(101, "a"), filled(102, 101, "a"), created(103, "b", kind="LIMIT_ORDER"),
        cancelled(104, 103, "CLIENT_REQUEST", "b"),
        {"id": "105", "type": "DAILY_FINANCING", "time": T0, "financing": "-1.5"}, filled(106, 90),
    ]  # fmt: skip
    expected = None
    for seed in range(200):
        book = Book(an_order("a"), an_order("b"))
        heard = rows * 2
        random.Random(seed).shuffle(heard)
        for row in heard:
            book.take(row)
            assert book.ledger.cursor <= 106
        money = sorted(short(event) for event in book.told if isinstance(event, Fill | CashChange))
        expected = expected or money
        assert money == expected
        assert book.ledger.is_at(106)
        assert not book.sent.out
    assert expected == ["- opens 1000 of 106", "a opens 1000 of 102", "financing -1.5"]


def test_a_reply_ahead_of_the_stream_leaves_the_cursor_at_the_gap() -> None:
    book = Book(an_order())
    book.take(created(103, "a"), filled(104, 103, "a"))
    assert (book.ledger.cursor, book.ledger.is_at(104), book.ledger.has(103), book.ledger.has(102)) == (
        100, False, True, False,
    )  # fmt: skip
    book.take({"id": "101", "type": "CLIENT_CONFIGURE_REJECT"}, {"id": "102", "type": "RESET_RESETTABLE_PL"})
    assert book.ledger.is_at(104)


def test_numbers_that_do_not_exist_are_skipped_once_history_covers_them() -> None:
    book = Book()
    book.take(filled(105, 104))
    book.ledger.covers(103)
    assert book.ledger.cursor == 103
    book.ledger.covers(105)
    assert book.ledger.is_at(105)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("MARKET_HALTED", "a rejected 101 MARKET_HALTED"),
        ("INSUFFICIENT_MARGIN", "a rejected 101 INSUFFICIENT_MARGIN"),
        ("STOP_LOSS_ON_FILL_LOSS", "a rejected 101 STOP_LOSS_ON_FILL_LOSS"),
        ("NO_POSITION_TO_REDUCE", "a rejected 101 NO_POSITION_TO_REDUCE"),
        ("SOMETHING_NEW", "a rejected 101 SOMETHING_NEW"),
        ("TIME_IN_FORCE_EXPIRED", "a expired 101 TIME_IN_FORCE_EXPIRED"),
        ("CLIENT_REQUEST", "a cancelled 101 CLIENT_REQUEST"),
    ],
)
def test_a_201_that_did_not_fill_is_told_as_what_it_is(reason: str, said: str) -> None:
    """Traps 1 and 2: a cancel inside a 201; insufficient margin either way has one code."""
    book = Book(an_order())
    assert book.take(created(101, "a"), cancelled(102, 101, reason, "a")) == ["a accepted 101", said]


def test_a_refusal_and_its_older_spelling() -> None:
    assert Book(an_order()).take(rejected(101, "a", "INSUFFICIENT_MARGIN")) == ["a rejected  INSUFFICIENT_MARGIN"]
    assert Book(an_order()).take(rejected(101, "a", "UNITS_MIMIMUM_NOT_MET")) == ["a rejected  UNITS_MINIMUM_NOT_MET"]


def test_a_refused_duplicate_says_nothing_of_the_order_that_has_the_id() -> None:
    """Trap 3: the id protects against pending duplicates only, and such a refusal is no word on the first order."""
    book = Book(an_order())
    assert book.take(rejected(101, "a", "CLIENT_ORDER_ID_ALREADY_EXISTS")) == []
    assert book.duplicates == ["a"]
    assert book.take(created(102, "a"), cancelled(104, 103, "CLIENT_TRADE_ID_ALREADY_EXISTS", "a")) == [
        "a accepted 102"
    ]
    assert [sent.order.id for sent in book.sent.out] == ["a"]


def test_fill_before_ack() -> None:
    book = Book(an_order())
    assert book.take(filled(102, 101, "a")) == ["a opens 1000 of 102"]
    assert book.take(created(101, "a")) == []
    assert book.sent.get("a").venue_id == "101"  # type: ignore[union-attr]


def test_a_part_that_filled_ends_the_rest() -> None:
    book = Book(an_order())
    part = {"tradeID": "5", "units": "-400", "price": "1.1", "realizedPL": "0"}
    assert book.take(created(101, "a"), filled(102, 101, "a", units="-400", tradeReduced=part)) == [
        "a accepted 101", "a reduces 400 of 5", "a cancelled 101 REMAINDER_NOT_FILLED",
    ]  # fmt: skip
    assert book.take(cancelled(103, 101, "TIME_IN_FORCE_EXPIRED", "a")) == []


def test_a_close_of_one_trade_is_known_by_trade_and_units() -> None:
    book = Book(an_order("x", 400, "7"), an_order("y", 600, "7"))
    assert book.take(closing(101, "8", "400"), closing(102, "7", "600"), closing(103, "7", "400")) == [
        "y accepted 102", "x accepted 103",
    ]  # fmt: skip
    part = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "0"}
    assert book.take(filled(104, 103, units="-400", tradesClosed=[part])) == ["x reduces 400 of 7"]


def test_a_close_of_a_whole_trade_may_be_stated_as_all_of_it() -> None:
    """`ALL` is what the venue's own payloads have there; the order's units say how much that was."""
    whole = {"tradeClose": {"tradeID": "7", "units": "ALL"}}
    book = Book(an_order("x", 400, trade="7"))
    assert book.take(closing(101, "7", "600") | whole, closing(102, "7", "400") | whole) == ["x accepted 102"]


def test_of_two_closes_alike_the_earlier_has_the_earlier_number_and_a_later_manual_one_is_nobodys() -> None:
    book = Book(an_order("x", 400, "7"), an_order("y", 400, "7"))
    assert book.take(*(closing(number, "7", "400") for number in (101, 102, 103))) == [
        "x accepted 101",
        "y accepted 102",
    ]


def test_a_close_from_before_ours_was_sent_is_not_ours() -> None:
    book = Book()
    ours = book.sent.add(Sent(an_order("x", 400, "7"), 1_767_225_610_000_000_000, 101))
    assert book.take(closing(101, "7", "400", time=at(20))) == []  # its number was known before
    ours.since_ns = 1_767_225_608_000_000_000  # an earlier process sent it ten seconds after T0, give or take two
    assert book.take(closing(102, "7", "400", time=at(7.9))) == []
    assert not ours.is_resolved
    assert book.take(closing(103, "7", "400", time=at(8.1))) == ["x accepted 103"]


def test_a_refused_close() -> None:
    row = closing(101, "7", "400", kind="MARKET_ORDER_REJECT", rejectReason="TRADE_DOESNT_EXIST")
    assert Book(an_order("x", 400, "7")).take(row) == ["x rejected  TRADE_DOESNT_EXIST"]


def test_fills_of_others_and_of_protections_are_told_with_the_id_that_the_venue_names() -> None:
    part = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "-3"}
    stop = filled(101, 99, units="-400", reason="STOP_LOSS_ORDER", tradesClosed=[part])
    assert Book().take(stop, filled(102, 98, "web-1")) == ["- reduces 400 of 7", "web-1 opens 1000 of 102"]


def test_kinds_that_are_not_known_are_kept_and_money_in_them_is_asked_for() -> None:
    """Unknown kinds never stop anything (§4.6); trap 13: one that moved the balance is made up for."""
    book = Book(an_order())
    assert book.take({"id": "101", "type": "NEW_KIND"}, {"id": "102", "type": "NEW_KIND"}, created(103, "a")) == [
        "a accepted 103"
    ]
    assert (book.ledger.unknown, book.doubts) == ({"NEW_KIND": 2}, 0)
    book.take({"id": "104", "type": "DIVIDEND_ADJUSTMENT", "accountBalance": "99"})
    assert book.doubts == 1


@pytest.mark.parametrize("change", [{"time": None}, {"units": "many"}, {"instrument": None, "tradeOpened": {}}])
def test_a_transaction_that_cannot_be_read_is_made_up_for_and_stops_nothing(change: dict[str, Any]) -> None:
    book = Book(an_order())
    assert book.take(filled(101, 100) | change, created(102, "a")) == ["a accepted 102"]
    assert (book.doubts, book.ledger.cursor) == (1, 102)


def test_an_order_said_to_be_absent_that_turns_up_is_told_again() -> None:
    book = Book(an_order())
    book.ledger.end(book.orders[0], OrderStatus.ABSENT, 5, "ABSENT")
    assert book.take(created(101, "a"), filled(102, 101, "a")) == ["a accepted 101", "a opens 1000 of 102"]


def test_the_captured_stream(captured: Path) -> None:
    lines = (captured / "stream/transactions.ndjson").read_bytes().splitlines()
    rows = [row for line in lines if (row := loads(line))["type"] != "HEARTBEAT"]
    book = Book(an_order("re-20260304-0001"))
    assert book.take(*rows) == [
        "re-20260304-0001 accepted 1041", "re-20260304-0001 opens 1000 of 1042", "financing -0.0512",
    ]  # fmt: skip
