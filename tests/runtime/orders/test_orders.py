"""Orders that are out: worst case, one exit at a time, repeats, late answers, pruning, restore."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.event import OrderStatus, OrderUpdate
from ruleengine.runtime.orders import orders as module
from ruleengine.runtime.orders.ids import exit_key, is_usable_prefix, order_id, position_key
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.orders.states import OrderState
from tests.runtime.account import INSTRUMENTS, LONG, SHORT, make_fill, make_order


def said(order: str, status: str, ts: int = 2) -> OrderUpdate:
    return OrderUpdate(ts, ts, order, OrderStatus(status), venue_id="v1")


def opened(orders: Orders, name: str = "a", **more: Any) -> None:
    orders.open(make_order(name, **more), f"d-{name}", "rule", "entry", 1)


def pending(orders: Orders, instrument: str) -> list[float]:
    """Base units that may still be added to (long, short)."""
    return [float(units) for units in orders.pending_units(instrument)]


# --- ids ------------------------------------------------------------------------------------------------------------


def test_an_id_is_made_from_the_decision_alone() -> None:
    """FX-36."""
    assert order_id("run", "digest", "spread", "t1", 7) == order_id("run", "digest", "spread", "t1", 7)


@pytest.mark.parametrize(
    "other",
    [
        ("run2", "digest", "spread", "t1", 7),
        ("run", "digest2", "spread", "t1", 7),
        ("run", "digest", "spread2", "t1", 7),
        ("run", "digest", "spread", "t2", 7),
        ("run", "digest", "spread", "t1", 8),
        ("run", "digest", "spreadt", "1", 7),
    ],
)
def test_another_decision_has_another_id(other: tuple[str, str, str, str, int]) -> None:
    assert order_id(*other) != order_id("run", "digest", "spread", "t1", 7)


@pytest.mark.parametrize("prefix", ["re", "qr-", "a" * 16])
def test_an_id_fits_the_narrowest_venue(prefix: str) -> None:
    """OKX `clOrdId`: up to 32 letters and digits."""
    name = order_id("run", "digest", "spread", "t1", 7, prefix)
    assert len(name) <= 32
    assert re.fullmatch(r"[a-z2-7]{16,}", name.removeprefix(prefix))


@pytest.mark.parametrize(
    ("prefix", "usable"), [("qr-", True), ("", False), ("a" * 17, False), ("q_", False), ("ü", False)]
)
def test_which_prefixes_ids_may_have(prefix: str, usable: bool) -> None:
    assert is_usable_prefix(prefix) is usable


# --- the worst case -------------------------------------------------------------------------------------------------


def test_an_order_counts_from_its_opening_until_it_ends(orders: Orders) -> None:
    opened(orders, units="10000")
    assert pending(orders, "USD_JPY") == [10000, 0]
    orders.on_fill(make_fill("a", LONG, "4000", "150", "t1"))
    assert pending(orders, "USD_JPY") == [6000, 0]
    orders.on_update(said("a", "cancelled"))
    assert pending(orders, "USD_JPY") == [0, 0]


def test_an_unknown_order_counts_in_full(orders: Orders) -> None:
    opened(orders, side=SHORT, units="10000")
    notes = orders.on_update(said("a", "unknown"))
    assert pending(orders, "USD_JPY") == [0, 10000]
    assert [(n.code, n.level) for n in notes] == [("RE555", "alert")]
    assert [r.order.id for r in orders.unknown()] == ["a"]
    assert orders.working("USD_JPY") == []
    assert orders.counts() == (0, 1)


def test_reducing_orders_add_nothing(orders: Orders) -> None:
    opened(orders, "a", side=SHORT, is_reduce_only=True, trade_id="t1")
    assert pending(orders, "USD_JPY") == [0, 0]
    assert orders.closing_units("USD_JPY", LONG) == 10000
    assert orders.closing_units("USD_JPY", LONG, "t1") == 10000
    assert orders.closing_units("USD_JPY", LONG, "t2") == 0
    assert orders.closing_units("USD_JPY", SHORT) == 0


def test_contracts_count_as_base_units(orders: Orders) -> None:
    opened(orders, instrument="BTC-USDT-SWAP", units="30")
    assert pending(orders, "BTC-USDT-SWAP") == [0.3, 0]


def test_an_order_that_was_absent_and_works_after_all_counts_again(orders: Orders) -> None:
    opened(orders, units="10000")
    orders.on_update(said("a", "unknown"))
    orders.on_update(said("a", "absent"))
    assert pending(orders, "USD_JPY") == [0, 0]
    notes = orders.on_update(said("a", "accepted"))
    assert pending(orders, "USD_JPY") == [10000, 0]
    assert [n.code for n in notes] == ["RE552"]
    assert [n.level for n in notes] == ["alert"]


# --- what is said twice, late, or of nobody -------------------------------------------------------------------------


def test_the_same_fill_again_is_noted_and_not_counted(orders: Orders) -> None:
    opened(orders)
    fill = make_fill("a", LONG, "4000", "150", "t1")
    assert orders.on_fill(fill) == []
    assert orders.is_repeated(fill)
    again = make_fill("a", LONG, "4000", "150.0", "t1")
    again.ts, again.seq = 9, 9
    assert [n.code for n in orders.on_fill(again)] == ["RE550"]
    record = orders.get("a")
    assert record is not None
    assert record.filled == 4000


def test_two_fills_that_differ_in_anything_are_two(orders: Orders) -> None:
    opened(orders)
    orders.on_fill(make_fill("a", LONG, "4000", "150", "t1", ts=1))
    orders.on_fill(make_fill("a", LONG, "4000", "150", "t1", ts=2))
    record = orders.get("a")
    assert record is not None
    assert record.filled == 8000
    assert record.state is OrderState.PARTIALLY_FILLED


def test_a_fill_may_come_before_the_answer(orders: Orders) -> None:
    opened(orders)
    assert orders.on_fill(make_fill("a", LONG, "10000", "150", "t1")) == []
    assert orders.on_update(said("a", "accepted")) == []
    record = orders.get("a")
    assert record is not None
    assert record.state is OrderState.FILLED


def test_an_unknown_order_that_filled_is_resolved(orders: Orders) -> None:
    opened(orders)
    orders.on_update(said("a", "unknown"))
    assert [n.code for n in orders.on_fill(make_fill("a", LONG, "10000", "150", "t1"))] == ["RE556"]
    assert orders.counts() == (0, 0)


def test_more_filled_than_ordered_is_an_alert(orders: Orders) -> None:
    opened(orders, units="10000")
    notes = orders.on_fill(make_fill("a", LONG, "10001", "150", "t1"))
    assert [(n.code, n.level) for n in notes] == [("RE553", "alert")]
    assert pending(orders, "USD_JPY") == [0, 0]


@pytest.mark.parametrize("units", ["9999", "10000"])
def test_up_to_what_was_ordered_is_none(orders: Orders, units: str) -> None:
    opened(orders, units="10000")
    assert orders.on_fill(make_fill("a", LONG, units, "150", "t1")) == []


def test_word_of_a_foreign_order_is_a_note(orders: Orders) -> None:
    assert [n.code for n in orders.on_update(said("x", "accepted"))] == ["RE554"]
    assert [n.code for n in orders.on_fill(make_fill("x", LONG, "1", "150", "t1"))] == ["RE554"]
    assert orders.on_fill(make_fill("", LONG, "1", "150", "t1", opens=False)) == []


def test_what_cannot_be_is_a_note_and_changes_nothing(orders: Orders) -> None:
    opened(orders)
    orders.on_update(said("a", "accepted"))
    notes = orders.sent("a", 3)
    assert [(n.code, n.level) for n in notes] == [("RE551", "alert")]
    record = orders.get("a")
    assert record is not None
    assert record.state is OrderState.ACKED


def test_sending_is_a_state(orders: Orders) -> None:
    opened(orders)
    assert orders.sent("a", 1) == []
    record = orders.get("a")
    assert record is not None
    assert record.state is OrderState.SENDING


# --- exits, lookups, bounds -----------------------------------------------------------------------------------------


def test_one_outstanding_exit_per_trade_and_rule(orders: Orders) -> None:
    """SC-17."""
    order = make_order("a", SHORT, is_reduce_only=True, trade_id="t1")
    orders.open(order, "d", "stop-loss", "exit", 1)
    assert orders.outstanding_exit("stop-loss", "t1")
    assert not orders.outstanding_exit("stop-loss", "t2")
    assert not orders.outstanding_exit("time-out", "t1")
    assert [r.order.id for r in orders.exits_of("t1")] == ["a"]
    orders.on_fill(make_fill("a", SHORT, "10000", "150", "t1", opens=False))
    assert not orders.outstanding_exit("stop-loss", "t1")


def test_an_exit_of_a_side_is_known_by_the_side(orders: Orders) -> None:
    order = make_order("a", SHORT, is_reduce_only=True, position_side=LONG)
    orders.open(order, "d", "relief", "hedge_reduce", 1)
    assert exit_key(order) == position_key("USD_JPY", LONG) == "USD_JPY:long"
    assert orders.outstanding_exit("relief", "USD_JPY:long")


def test_an_order_is_opened_once(orders: Orders) -> None:
    opened(orders)
    orders.on_update(said("a", "accepted"))
    opened(orders)
    assert pending(orders, "USD_JPY") == [10000, 0]
    assert [r.state for r in orders.of_rule("rule")] == [OrderState.ACKED]


def test_finished_orders_are_forgotten_in_the_end(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FINISHED_MAX", 3)
    opened(orders, "live")
    for number in range(5):
        opened(orders, f"o{number}")
        orders.on_update(said(f"o{number}", "rejected"))
    assert [name for name in ("live", "o0", "o1", "o2", "o3", "o4") if orders.get(name)] == ["live", "o2", "o3", "o4"]


def test_restore_gives_the_same_to_the_bit() -> None:
    first = Orders(INSTRUMENTS)
    opened(first, "a")
    opened(first, "b", side=SHORT, is_reduce_only=True, trade_id="t1", price=Decimal("150.10"))
    opened(first, "c")
    first.on_update(said("c", "unknown"))
    first.on_update(said("a", "unknown"))
    first.on_fill(make_fill("a", LONG, "4000", "150", "t1"))
    opened(first, "d")
    first.on_update(said("d", "rejected"))
    saved = json.dumps(first.state())
    second = Orders(INSTRUMENTS)
    second.restore(json.loads(saved))
    for each in (first, second):
        each.on_update(said("a", "cancelled"))
        each.on_fill(make_fill("a", LONG, "4000", "150", "t1"))
        each.on_update(said("b", "unknown"))
    assert json.dumps(second.state()) == json.dumps(first.state())
    assert second.pending_units("USD_JPY") == first.pending_units("USD_JPY")
    assert [r.order.id for r in second.unknown()] == [r.order.id for r in first.unknown()] == ["c", "b"]
    assert [r.order.id for r in second.live()] == [r.order.id for r in first.live()]


# --- changed at the venue -------------------------------------------------------------------------------------------


def amended(order: str, units: str | None, price: str | None = None, ts: int = 3) -> OrderUpdate:
    plain = [None if text is None else Decimal(text) for text in (units, price)]
    return OrderUpdate(ts, ts, order, OrderStatus.AMENDED, units=plain[0], price=plain[1])


def test_limits_count_what_the_venue_says_it_is_now(orders: Orders) -> None:
    """10,000 with 2,000 filled, lowered to 6,000: 4,000 may still fill; restored, it is the same."""
    opened(orders, units="10000", type="limit", price=Decimal(150))
    orders.on_update(said("a", "accepted"))
    orders.on_fill(make_fill("a", LONG, "2000", "150", "t1", is_last=False))
    assert pending(orders, "USD_JPY") == [8000.0, 0.0]
    assert [n.code for n in orders.on_update(amended("a", "6000", "149.5"))] == ["RE559"]
    assert pending(orders, "USD_JPY") == [4000.0, 0.0]
    again = Orders(INSTRUMENTS)
    again.restore(json.loads(json.dumps(orders.state())))
    record = again.get("a")
    assert record is not None
    assert (record.order.units, record.order.price) == (Decimal(6000), Decimal("149.5"))
    assert record.state is OrderState.PARTIALLY_FILLED
    assert pending(again, "USD_JPY") == [4000.0, 0.0]
    assert [n.code for n in again.on_fill(make_fill("a", LONG, "4000", "149.5", "t2", ts=9))] == []
    assert again.get("a") is record
    assert not list(again.live())


def test_an_order_that_is_lowered_to_what_has_filled_is_filled(orders: Orders) -> None:
    opened(orders, units="10000", type="limit", price=Decimal(150))
    orders.on_fill(make_fill("a", LONG, "2000", "150", "t1", is_last=False))
    orders.on_update(amended("a", "2000"))
    assert not list(orders.live())
    assert pending(orders, "USD_JPY") == [0.0, 0.0]


def test_an_unknown_order_that_stands_as_it_was_is_accepted(orders: Orders) -> None:
    """Whoever asked to change it was refused: the venue says how it stands."""
    opened(orders, units="10000", type="limit", price=Decimal(150))
    orders.on_update(said("a", "unknown"))
    assert [n.code for n in orders.on_update(amended("a", "10000", "150"))] == ["RE556"]
    assert pending(orders, "USD_JPY") == [10000.0, 0.0]


def test_what_is_heard_of_a_change_after_the_end_is_old(orders: Orders) -> None:
    opened(orders, units="10000", type="limit", price=Decimal(150))
    orders.on_update(said("a", "cancelled"))
    assert orders.on_update(amended("a", "6000")) == []
    assert not list(orders.live())


def test_a_change_of_an_order_that_was_said_to_be_absent_contradicts_that(orders: Orders) -> None:
    opened(orders, units="10000", type="limit", price=Decimal(150))
    orders.on_update(said("a", "absent"))
    assert [n.level for n in orders.on_update(amended("a", "6000"))] == ["alert", "info"]
    assert pending(orders, "USD_JPY") == [6000.0, 0.0]
