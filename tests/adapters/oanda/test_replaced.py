"""Orders of ours that another number took the place of, by whoever it was: still the same order of ours (trap 8)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.oanda.orders import transactions_in
from adapters.oanda.replacing import as_stated, replacement_of
from adapters.wire.decimals import loads
from ruleengine.model.event import OrderUpdate
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import SentOrder
from tests.adapters.oanda.payloads import T0, FakeOanda, Row, at, cancelled, created, filled, ok, rejected, replaced
from tests.adapters.oanda.test_ledger import Book, short
from tests.adapters.oanda.test_links import history
from tests.adapters.oanda.test_reconcile import Bench

D = Decimal
LIMIT = Order("a", "EUR_USD", Side.LONG, D(1000), type="limit", price=D("1.08"))
MADE = created(101, "a", kind="LIMIT_ORDER", price="1.08")


@pytest.mark.parametrize("client_id", ["a", ""])
def test_it_is_told_as_the_change_that_it_is_and_fills_under_our_id(client_id: str) -> None:
    """Trap 8: where somebody changed it in the broker's page, the new one may not have our id."""
    book = Book(LIMIT)
    assert book.take(MADE, *replaced(102, 101, client_id)) == ["a accepted 101", "a amended 103 600 at 1.09000"]
    assert book.take(*replaced(104, 103, client_id, units="300")) == ["a amended 105 300 at 1.09000"]
    assert book.take(filled(106, 105, client_id, units="300")) == ["a opens 300 of 106"]
    assert not book.sent.out


def test_the_replaced_ones_cancel_is_no_end_and_the_new_ones_is() -> None:
    book = Book(LIMIT)
    ends, begins = replaced(102, 101)
    assert book.take(MADE, ends) == ["a accepted 101"]
    assert [sent.order.id for sent in book.sent.out] == ["a"]
    assert book.take(begins, cancelled(104, 103, "CLIENT_REQUEST")) == [
        "a amended 103 600 at 1.09000", "a cancelled 103 CLIENT_REQUEST",
    ]  # fmt: skip


def test_without_our_id_either_half_tells_which_number_it_has() -> None:
    ends, begins = replaced(102, 101)
    fill = filled(104, 103, units="600")
    assert Book(LIMIT).take(MADE, begins, fill, ends)[1:] == ["a amended 103 600 at 1.09000", "a opens 600 of 104"]
    assert Book(LIMIT).take(MADE, ends, filled(104, 103))[1:] == ["a opens 1000 of 104"]


def test_a_replacement_that_could_not_fill_is_refused() -> None:
    book = Book(LIMIT)
    assert book.take(MADE, *replaced(102, 101), cancelled(104, 103, "INSUFFICIENT_MARGIN"))[2:] == [
        "a rejected 103 INSUFFICIENT_MARGIN"
    ]


def test_any_order_of_hearing_counts_the_same_and_tells_no_end_that_is_none() -> None:
    """Fills are the same whatever came first; the last figures are the last one's."""
    rows = [MADE, *replaced(102, 101, "a"), *replaced(104, 103, "a", units="400", price="1.085")]
    for seed in range(200):
        book, heard = Book(LIMIT), rows * 2
        random.Random(seed).shuffle(heard)
        told = [line for row in heard for line in book.take(row)]
        assert not [line for line in told if "cancelled" in line]
        (sent,) = book.sent.out
        assert (sent.venue_id, sent.order.units, sent.order.price) == ("105", D(400), D("1.085"))
        assert told.count("a amended 105 400 at 1.085") == 1
        assert book.take(filled(106, 105, "a", units="400")) == ["a opens 400 of 106"]
        assert not book.sent.out


def test_one_that_changed_nothing_that_we_hold_is_not_told() -> None:
    """A person moved its stop: its number is another, its units and price are not."""
    book = Book(LIMIT)
    assert book.take(MADE, *replaced(102, 101, units="1000", price="1.08000")) == ["a accepted 101"]
    assert book.sent.out[0].venue_id == "103"


def test_a_refused_replacement_says_that_the_order_stands() -> None:
    """Fact sheet §4.4: a refusal names the order that was to be replaced, and is no refusal of it; not even one of the
    id (trap 3)."""
    book = Book(LIMIT)
    for number, code in ((102, "PRICE_PRECISION_EXCEEDED"), (103, "CLIENT_ORDER_ID_ALREADY_EXISTS")):
        row = rejected(number, "a", code, intendedReplacesOrderID="101")
        assert book.take(*([MADE] if number == 102 else []), row)[-1] == f"a amended 101 1000 at 1.08 {code}"
    assert book.duplicates == []
    assert [sent.order.id for sent in book.sent.out] == ["a"]


@pytest.mark.parametrize("change", [{"units": "-600"}, {"instrument": "USD_JPY"}])
def test_an_order_of_another_side_or_instrument_is_not_ours_changed(change: dict[str, Any]) -> None:
    book = Book(LIMIT)
    assert book.take(MADE, *replaced(102, 101, **change))[-1] == "a cancelled 103 CLIENT_REQUEST_REPLACED"


def test_what_was_done_of_it_is_in_the_units_and_not_asked_for_again() -> None:
    """1,000 of which 250 are done, to be 700: the new order is of 700 − 250 = 450; one that states 450 is of 700."""
    request = replacement_of(replace(LIMIT, units=D(700)), D(250), "netting", "101", None)
    assert (request.method, request.path) == ("PUT", "/orders/101")
    assert request.body is not None
    assert request.body["order"]["units"] == "450"
    stated = as_stated(LIMIT, {"units": "450", "price": "1.09"}, D(250))
    assert stated is not None
    assert (stated.units, stated.price) == (D(700), D("1.09"))


def test_what_else_a_person_changed_stays() -> None:
    """A stop that was set in the broker's page, and an end, are not taken back by a change of the size; the target
    that was taken away there does not come back. Ours remain: id, side, and how it fills."""
    order = Order("a", "EUR_USD", Side.SHORT, D(1000), type="limit", price=D("1.2"), stop=D("1.3"), target=D("1.1"))
    terms: Row = {
        "timeInForce": "GTD", "gtdTime": T0, "positionFill": "OPEN_ONLY", "replacesOrderID": "101",
        "stopLossOnFill": {"price": "1.25000", "timeInForce": "GTC", "triggerMode": "TOP_OF_BOOK"},
    }  # fmt: skip
    request = replacement_of(order, D(0), "netting", "103", terms)
    assert request.body == {
        "order": {
            "type": "LIMIT", "instrument": "EUR_USD", "units": "-1000", "price": "1.2", "positionFill": "DEFAULT",
            "clientExtensions": {"id": "a"}, "tradeClientExtensions": {"id": "a"},
            "timeInForce": "GTD", "gtdTime": T0, "stopLossOnFill": {"price": "1.25000", "timeInForce": "GTC"},
        }
    }  # fmt: skip


def test_a_reduction_stays_one_whatever_a_person_made_of_it() -> None:
    order = Order("a", "EUR_USD", Side.SHORT, D(1000), type="stop", price=D("1.0"), is_reduce_only=True)
    terms: Row = {"timeInForce": "GTC", "positionFill": "DEFAULT", "stopLossOnFill": {"price": "1.25000"}}
    request = replacement_of(order, D(0), "hedging", "103", terms)
    assert request.reduces
    assert request.body == {
        "order": {
            "type": "STOP", "instrument": "EUR_USD", "units": "-1000", "price": "1.0", "positionFill": "REDUCE_ONLY",
            "timeInForce": "GTC", "clientExtensions": {"id": "a"},
        }
    }  # fmt: skip


# --- asked for, and after a restart -----------------------------------------------------------------------------------

OLD = ok(order={"id": "101", "state": "CANCELLED", "replacedByOrderID": "103", "cancellingTransactionID": "102"})
NEW: Row = {
    "id": "103", "state": "PENDING", "createTime": at(1), "replacesOrderID": "101", "units": "600", "price": "1.09000",
}  # fmt: skip
ENDED = ok(order={**NEW, "state": "FILLED", "fillingTransactionID": "104"})
PAGES = "GET /transactions"
DONE = filled(104, 103, "a", units="600")


def test_what_is_asked_for_under_the_old_number_is_found_under_the_new_one() -> None:
    async def run() -> list[str]:
        bench = Bench(FakeOanda({"GET /orders/101": OLD, "GET /orders/103": ok(order=NEW)}), LIMIT)
        bench.ledger.take([MADE])
        assert await bench.resolver.look(bench.sent)
        bench.ledger.take(replaced(102, 101))  # the stream is later
        await bench.client.close()
        return bench.said

    assert asyncio.run(run()) == ["a accepted 101", "a amended 103 600 at 1.09000"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ok(order=NEW), ["a accepted 103"]),
        (ENDED, ["a opens 600 of 104"]),
    ],
)
def test_a_question_is_answered_by_the_new_number(row: Any, said: list[str]) -> None:
    fake = FakeOanda({"GET /orders/101": OLD, "GET /orders/103": row})
    fake.on("GET /transactions/idrange", history(*replaced(102, 101, "a"), DONE))

    async def run() -> list[str]:
        bench = Bench(fake, LIMIT)
        bench.ledger.take([MADE])
        found = await bench.resolver.tell_again(bench.sent)
        await bench.client.close()
        return [short(event) for event in found]

    assert [line for line in asyncio.run(run()) if "amended" not in line] == said


def recovered(fake: FakeOanda, *rows: Row, venue_id: str = "101", units: int = 1000) -> list[str]:
    """What a new process tells of an order that rested at 1.08, and was changed to 600 at 1.09 since."""
    fake.on(
        PAGES, ok(pages=[f"https://x/idrange?from=101&to={100 + len(rows)}"], lastTransactionID=str(100 + len(rows)))
    )
    fake.on("GET /transactions/idrange", history(*rows))

    async def run() -> list[str]:
        bench = Bench(fake)
        bench.orders = bench.resolver._sent = type(bench.orders)()
        price = D("1.08") if units == 1000 else D("1.09000")
        order = Order("a", "EUR_USD", Side.LONG, D(units), type="limit", price=price)
        found, unsure = await bench.resolver.recover([SentOrder(order, bench.clock.now_ns(), venue_id)], 0.0)
        assert not unsure
        (sent,) = [bench.orders.get("a")]
        assert sent is not None
        assert (sent.venue_id, sent.order.units) == ("103", D(600))
        await bench.client.close()
        return [short(event) for event in found]

    return asyncio.run(run())


def test_after_a_restart_it_stands_as_it_was_changed() -> None:
    """The request left, the process was killed: its record has the old units and number."""
    rests = FakeOanda({"GET /orders/103": ok(order=NEW)})
    assert recovered(rests, MADE, *replaced(102, 101, "a")) == ["a amended 103 600 at 1.09000", "a accepted 103"]
    assert recovered(FakeOanda(), MADE, *replaced(102, 101, "a"), DONE) == [
        "a amended 103 600 at 1.09000", "a opens 600 of 104",
    ]  # fmt: skip


def test_after_a_restart_that_had_heard_of_the_change_it_is_not_told_again() -> None:
    rests = FakeOanda({"GET /orders/103": ok(order=NEW)})
    rows = [MADE, *replaced(102, 101, "a")]
    assert recovered(rests, *rows, venue_id="103", units=600) == ["a accepted 103"]
    assert recovered(FakeOanda(), *rows, DONE, venue_id="103", units=600) == ["a opens 600 of 104"]


def test_after_a_restart_a_change_that_history_does_not_show_yet_is_read_from_the_order() -> None:
    fake = FakeOanda({"GET /orders/101": OLD, "GET /orders/103": [ok(404), ok(order=NEW)]})
    assert recovered(fake, MADE) == ["a accepted 103", "a amended 103 600 at 1.09000"]


def test_figures_are_told_with_every_change() -> None:
    book = Book(LIMIT)
    book.take(MADE, *replaced(102, 101))
    told = book.told[-1]
    assert isinstance(told, OrderUpdate)
    assert (told.units, told.price) == (D(600), D("1.09000"))


def test_the_captured_reply(captured: Path) -> None:
    """Order 1076 was replaced by 1078, of 100 at 1.25687, and neither has a client id."""
    reply = loads((captured / "rest/order_replace.http201.json").read_bytes())
    book = Book(Order("a", "GBP_USD", Side.LONG, D(150), type="limit", price=D("1.25")))
    book.sent.bind(book.orders[0], "1076")
    assert book.take(*map(dict, transactions_in(reply))) == ["a amended 1078 100 at 1.25687"]
