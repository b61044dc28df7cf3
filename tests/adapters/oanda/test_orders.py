"""Our orders as OANDA's requests, by kind of order and kind of account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pytest

from adapters.oanda.orders import Request, is_of, request_of
from adapters.wire.decimals import dumps
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.oanda.payloads import closing, created, filled, rejected

D = Decimal
Mode = Literal["netting", "hedging"]


def order(**more: Any) -> Order:
    given: dict[str, Any] = {
        "id": "reabc234", "instrument": "EUR_USD", "side": Side.LONG, "units": D(1000), "strategy": "trend",
        "pocket": "core", **more,
    }  # fmt: skip
    return Order(**given)


def body(mode: Mode = "netting", **more: Any) -> dict[str, Any]:
    request = request_of(order(**more), mode)
    assert isinstance(request, Request)
    assert (request.method, request.path) == ("POST", "/orders")
    assert isinstance(request.body, dict)
    return dict(request.body["order"])


OURS = {"id": "reabc234", "tag": "trend", "comment": "core"}


def test_a_market_entry_names_order_and_trade() -> None:
    assert body() == {
        "type": "MARKET", "instrument": "EUR_USD", "units": "1000", "positionFill": "DEFAULT", "timeInForce": "FOK",
        "clientExtensions": OURS, "tradeClientExtensions": OURS,
    }  # fmt: skip


def test_a_sale_is_negative_text_without_exponent() -> None:
    """Traps 5 and 6: units are signed, and no digit is added or lost."""
    assert body(side=Side.SHORT, units=D("1E+5"))["units"] == "-100000"
    assert body(units=D("0.10"))["units"] == "0.10"
    assert dumps(body(units=D("2E+3")))  # nothing in it is a float


@pytest.mark.parametrize(("mode", "word"), [("netting", "DEFAULT"), ("hedging", "OPEN_ONLY")])
def test_what_an_entry_may_do_follows_the_account(mode: Mode, word: str) -> None:
    """Trap 14: on a hedging account an entry opens and never reduces."""
    assert body(mode)["positionFill"] == word


@pytest.mark.parametrize("more", [{}, {"type": "limit", "price": D(1)}, {"is_reduce_only": True}, {"stop": D(1)}])
def test_words_of_old_examples_are_not_sent(more: dict[str, Any]) -> None:
    """Trap 16; and trap 4: no side is ever closed by `longUnits` and `shortUnits`, so no flat side can spoil it."""
    assert not {"triggerCondition", "partialFill", "longUnits", "shortUnits"} & set(body(**more))


@pytest.mark.parametrize("mode", ["netting", "hedging"])
def test_a_reduction_can_open_nothing_and_attaches_nothing(mode: Mode) -> None:
    found = body(mode, is_reduce_only=True, stop=D("1.0"), target=D("1.2"), side=Side.SHORT)
    assert found == {
        "type": "MARKET", "instrument": "EUR_USD", "units": "-1000", "positionFill": "REDUCE_ONLY",
        "timeInForce": "FOK", "clientExtensions": OURS,
    }  # fmt: skip


def test_resting_orders_have_a_price_and_a_time() -> None:
    assert {"type": "LIMIT", "price": "1.09900", "timeInForce": "GTC"}.items() <= body(
        type="limit", price=D("1.09900")
    ).items()
    timed = body(type="stop", price=D("1.2"), expires_ns=1_767_225_600_000_000_001)
    assert {"type": "STOP", "timeInForce": "GTD", "gtdTime": "2026-01-01T00:00:00.000000001Z"}.items() <= timed.items()


def test_stop_and_target_go_with_the_entry() -> None:
    found = body(stop=D("1.09000"), target=D("1.12000"))
    assert found["stopLossOnFill"] == {"price": "1.09000", "timeInForce": "GTC"}
    assert found["takeProfitOnFill"] == {"price": "1.12000", "timeInForce": "GTC"}


def test_one_trade_is_closed_by_its_number_with_positive_units() -> None:
    """Traps 5 and 14: the amount to close is positive, whatever the side."""
    request = request_of(order(trade_id="374", side=Side.SHORT, units=D(100)), "hedging")
    assert request == Request("PUT", "/trades/374/close", {"units": "100"}, True)


@pytest.mark.parametrize(
    "more",
    [
        {"units": D(0)}, {"units": D(-5)}, {"units": D("NaN")}, {"type": "limit"},
        {"trade_id": "374", "type": "limit", "price": D(1)}, {"trade_id": "../orders"}, {"trade_id": "EUR_USD:long"},
    ],
)  # fmt: skip
def test_what_oanda_has_no_order_for_is_said_and_not_sent(more: dict[str, Any]) -> None:
    assert isinstance(request_of(order(**more), "netting"), str)


def test_an_answer_of_another_order_is_known_for_one() -> None:
    mine, close = order(), order(trade_id="374", units=D(100))
    assert is_of(created(5, "reabc234"), mine)
    assert is_of(created(5), mine)  # says nothing of whose it is
    assert is_of(filled(6, 5), mine)
    assert not is_of(created(5, "other"), mine)
    assert not is_of(rejected(5, "other", "UNITS_INVALID"), mine)
    assert is_of(closing(5, "374", "100"), close)
    assert not is_of(closing(5, "375", "100"), close)
    assert not is_of(created(5, "other"), close)
