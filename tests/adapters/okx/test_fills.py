"""Fills from pushes and lists: the same fields each time, whose they are, and what they do to a position."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.okx.account import positions
from adapters.okx.fills import Facts, FillBook, Print, of_fill_row, of_push
from ruleengine.model.event import Fill
from ruleengine.model.side import Side
from ruleengine.runtime.orders.seen_fills import fill_key
from tests.adapters.okx.scripted import BTC, fill_row, order_row, push_row
from tests.adapters.okx.test_account import position

OURS = Facts("re1", "cross", units=Decimal(3))


def tell(book: FillBook, printed: Print, facts: Facts = OURS) -> list[Fill]:
    book.learn(printed, is_told=True)
    return book.events(printed, facts, 1)


def flat() -> FillBook:
    book = FillBook("cross")
    book.anchor([], 0)
    return book


def pushed(trade: str, size: str, **more: Any) -> Print:
    found = of_push(push_row("re1", "filled", trade, size, size, **more))
    assert found is not None
    return found


def test_a_fee_is_a_cost_and_a_rebate_is_none() -> None:
    """Trap 15: negative is charged; ours is positive when paid."""
    (paid,) = tell(flat(), pushed("1", "3", fillFee="-0.9"))
    (earned,) = tell(flat(), pushed("1", "3", fillFee="0.2"))
    assert (paid.fee, earned.fee) == (Decimal("0.9"), Decimal("-0.2"))


def test_push_and_list_give_the_same_fill() -> None:
    """The channel's `fee` and `pnl` are sums over the order and are not the fill's."""
    row = push_row("re1", "filled", "1", "3", "3", fee="-5", pnl="9", fillFee="-0.9", fillPnl="1.5")
    push = of_push(row)
    assert push is not None
    (one,) = tell(flat(), push)
    (other,) = tell(flat(), of_fill_row(fill_row("1", "3", fee="-0.9", fillPnl="1.5")))
    assert fill_key(one) == fill_key(other)
    assert one.fill_id == "1-312"
    assert one.ts_event == 1_772_600_767_300 * 1_000_000


def test_a_push_without_a_fill_is_none() -> None:
    """Trap 3: `tradeId` is empty and `fillSz` 0."""
    assert of_push(order_row("re1", "live")) is None


def test_one_print_can_be_both_sides() -> None:
    """§6.4: a tradeId serves both sides; the order tells them apart."""
    buy, sell = pushed("1", "3", ordId="312"), pushed("1", "3", ordId="313", side="sell")
    assert buy.id != sell.id


def test_net_mode_counts_what_a_fill_reduces_and_what_it_opens() -> None:
    """Bought 3; sold 5: 3 close the long with all that was realised, 2 open a short. The fee 0.9 is shared 0.54 : 0.36.
    Bought 2: the short is closed."""
    book = flat()
    (opened,) = tell(book, pushed("1", "3"))
    assert (opened.opens, opened.trade_id, opened.is_last) == (True, f"{BTC}:long", True)
    closed, turned = tell(book, pushed("2", "5", side="sell", fillPnl="12"), Facts("re2", "cross", units=Decimal(5)))
    assert (closed.opens, closed.units, closed.trade_id, closed.realised) == (
        False,
        Decimal(3),
        f"{BTC}:long",
        Decimal(12),
    )
    assert (turned.opens, turned.units, turned.trade_id, turned.realised) == (
        True,
        Decimal(2),
        f"{BTC}:short",
        Decimal(0),
    )
    assert (closed.fee, turned.fee) == (Decimal("0.54"), Decimal("0.36"))
    assert (closed.is_last, turned.is_last) == (False, True)
    (last,) = tell(book, pushed("3", "2"))
    assert (last.opens, last.trade_id) == (False, f"{BTC}:short")
    assert book.units(BTC, "net") == 0


def test_what_a_fill_did_is_told_from_a_position_read_later() -> None:
    """After a restart the position is −2 and the last two prints are 3 bought and 5 sold: before them it was flat."""
    book = FillBook("cross")
    first, second = pushed("1", "3", fillTime="1000"), pushed("2", "5", side="sell", fillTime="2000")
    book.learn(first, is_told=False)
    book.learn(second, is_told=False)
    book.anchor(positions([position("-2")]), 2000)
    assert [one.opens for one in tell(book, first)] == [True]
    assert [(one.opens, one.units) for one in tell(book, second)] == [(False, Decimal(3)), (True, Decimal(2))]


def test_what_only_reduces_opens_nothing_whatever_is_known_of_the_position() -> None:
    """The position was read before a fill that is in none of the lists yet: counted from it, an exit would open a
    short. The venue's own `reduceOnly` rules that out."""
    (closed,) = tell(flat(), pushed("1", "3", side="sell", fillPnl="0"), Facts("re1", "cross", only_reduces=True))
    assert (closed.opens, closed.trade_id, closed.units) == (False, f"{BTC}:long", Decimal(3))


def test_prints_before_the_first_that_are_known_go_by_what_they_realised() -> None:
    """The last page begins with the third print; what was between the first and that is not known, and counting back
    from the position would miss it."""
    book = FillBook("cross")
    known = pushed("3", "1", fillTime="3000")
    book.learn(known, is_told=True)
    book.known_from(known)
    book.anchor(positions([position("1")]), 3000)
    (opened,) = tell(book, pushed("1", "2", fillTime="1000"))
    assert (opened.opens, opened.trade_id) == (True, f"{BTC}:long")
    (closed,) = tell(book, pushed("2", "2", side="sell", fillTime="2000", fillPnl="-4"))
    assert (closed.opens, closed.trade_id) == (False, f"{BTC}:long")


def test_long_and_short_mode_goes_by_the_side() -> None:
    """§6.2: sell with posSide long closes; the short's own position is positive."""
    book = flat()
    tell(book, pushed("1", "4", side="sell", posSide="short"))
    (closed,) = tell(book, pushed("2", "1", side="buy", posSide="short"))
    assert (closed.opens, closed.trade_id, closed.side) == (False, f"{BTC}:short", Side.LONG)
    assert book.units(BTC, "short") == 3
    (opened,) = tell(book, pushed("3", "1", side="buy", posSide="long"))
    assert (opened.opens, opened.trade_id) == (True, f"{BTC}:long")


def test_liquidations_and_protections_are_foreign_fills_with_a_reason() -> None:
    """Trap 14: they come without a client id."""
    (liquidated,) = tell(flat(), pushed("1", "3"), Facts("", "cross", "full_liquidation"))
    (deleveraged,) = tell(flat(), pushed("1", "3"), Facts("", "cross", "adl"))
    (stopped,) = tell(flat(), pushed("1", "3"), Facts("", "cross", is_attached=True))
    assert [one.order_id for one in (liquidated, deleveraged, stopped)] == ["", "", ""]
    assert [one.reason for one in (liquidated, deleveraged, stopped)] == ["liquidation", "adl", "protection"]


def test_parts_of_an_order_are_last_when_all_of_it_is_there() -> None:
    book = flat()
    parts = [tell(book, pushed(str(n), "1"))[0].is_last for n in (1, 2, 3)]
    assert parts == [False, False, True]
    assert book.filled("312") == 3
    book.forget_told("312")
    assert book.filled("312") == 0
    assert not book.is_told("1-312")


def test_a_fill_of_the_other_margin_mode_leaves_our_position_alone() -> None:
    """§5.1: cross and isolated stand beside each other."""
    book = flat()
    tell(book, pushed("1", "3"))
    (other,) = tell(book, pushed("2", "2", side="sell"), Facts("", "isolated"))
    assert (other.trade_id, other.opens) == (f"{BTC}:short:isolated", True)
    assert book.units(BTC, "net") == 3
