"""What became of the orders, counted by the rule that sent them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from ruleengine.model.audit import Decision
from ruleengine.model.event import CashChange, Fill, OrderStatus, OrderUpdate, Quote
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.reports.fills import Fills
from ruleengine.runtime.orders.orders import Orders

Reason = Literal["financing", "funding", "deposit", "withdrawal", "correction"]


def decision(name: str, kind: str, rule: str, outcome: Literal["sent", "refused"] = "sent") -> Decision:
    order = Order(id=name, instrument="USD_JPY", side=Side.LONG, units=Decimal(1000))
    return Decision(
        f"d-{name}", 1, 1, kind, rule, "USD_JPY", "long", "M1Scalper", "scalp", Decimal(1000), outcome, order=order
    )


def fill(name: str, units: str, realised: str = "0", fee: str = "0", *, is_last: bool = True, reason: str = "") -> Fill:
    return Fill(
        1, 1, "USD_JPY", name, Side.LONG, Decimal(units), Decimal(157), "t", opens=True, realised=Decimal(realised),
        fee=Decimal(fee), reason=reason, is_last=is_last,
    )  # fmt: skip


def update(name: str, status: OrderStatus, code: str = "") -> OrderUpdate:
    return OrderUpdate(1, 1, name, status, code=code)


def test_fates_by_rule() -> None:
    made = Fills("JPY")
    for name in ("a", "b", "c", "d", "e"):
        made.sent(decision(name, "entry", "from-signals"))
    made.sent(decision("x", "exit", "take"))
    made.sent(decision("no", "entry", "from-signals", "refused"))
    for event in (
        update("a", OrderStatus.ACCEPTED), fill("a", "400", fee="1.5", is_last=False), fill("a", "600", fee="2"),
        update("b", OrderStatus.REJECTED, "INSUFFICIENT_MARGIN"),
        fill("c", "300", is_last=False), update("c", OrderStatus.CANCELLED),
        update("d", OrderStatus.UNKNOWN), update("d", OrderStatus.ABSENT, "TIMEOUT"),
        fill("x", "500", "-280.4"),
        Quote(1, 1, "USD_JPY", 157.0, 157.0),
    ):  # fmt: skip
        made.heard(event)
    orders, _ = made.tables()
    assert orders.rows == [
        ["entry", "from-signals", "5", "1", "2", "1", "1", "1,300", "0", "4"],
        ["exit", "take", "1", "1", "0", "0", "0", "500", "-280", "0"],
    ]
    assert orders.heads[4:] == ["rejected", "lapsed", "open", "units", "realised", "fees"]
    assert orders.note == "amounts in JPY; rejected with 1 × INSUFFICIENT_MARGIN, 1 × TIMEOUT"
    assert made.as_json()["orders"][0]["unknown"] == 1


def test_what_the_venue_does_by_itself_stands_apart() -> None:
    made = Fills("USD")
    made.heard(fill("", "1000", "-12.5", reason="stop"))
    made.heard(fill("", "1000", "7.5", reason="target"))
    assert made.tables()[0].rows == [
        ["venue", "stop", "1", "1", "1,000", "-12.50"],
        ["venue", "target", "1", "1", "1,000", "7.50"],
    ]
    assert made.tables()[0].note == "amounts in USD; none rejected; none cancelled or expired; none open; no fees"


def test_an_answer_that_comes_again_is_counted_once() -> None:
    made = Fills("USD")
    made.sent(decision("a", "entry", "r"))
    for _ in range(2):
        made.heard(update("a", OrderStatus.REJECTED, "X"))
    assert made.by_rule["entry", "r"].rejected == 1


def test_a_fill_that_comes_again_is_counted_once() -> None:
    """A part told by the stream and again by the history, and the whole after the order's end."""
    made = Fills("USD")
    made.sent(decision("a", "entry", "r"))
    part, last = fill("a", "400", "-1", is_last=False), fill("a", "600", "-2")
    for event in (part, part, last, last):
        made.heard(event)
    fate = made.by_rule["entry", "r"]
    assert (fate.units, fate.realised, fate.filled) == (Decimal(1000), Decimal(-3), 1)
    assert list(made.by_rule) == [("entry", "r")]


def test_orders_that_a_run_before_left_out_are_their_rules() -> None:
    """400 of 1,000 were filled, and counted, before the restart; the venue tells of them again, then of the rest."""
    part, last = fill("a", "400", is_last=False), fill("a", "600")
    instrument = Instrument("USD_JPY", "fx", "USD", "JPY", Decimal("0.01"), Decimal("0.001"))
    orders = Orders({"USD_JPY": instrument})
    order = decision("a", "entry", "r").order
    assert order is not None
    orders.open(order, "d-a", "r", "entry", 1)
    orders.on_fill(part)
    made = Fills("USD")
    made.go_on(orders)
    for event in (part, last):
        made.heard(event)
    fate = made.by_rule["entry", "r"]
    assert (fate.sent, fate.filled, fate.open, fate.units) == (1, 1, 0, Decimal(600))
    assert list(made.by_rule) == [("entry", "r")]


def test_cash_beside_trading() -> None:
    made = Fills("USD")
    given: tuple[tuple[Reason, str], ...] = (("financing", "-1.25"), ("financing", "-0.5"), ("deposit", "100"))
    for reason, amount in given:
        made.heard(CashChange(1, 1, Decimal(amount), reason))
    assert made.tables()[1].rows == [["deposit", "100.00 USD"], ["financing", "-1.75 USD"]]
