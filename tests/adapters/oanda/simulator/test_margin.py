"""Margin by hand: larger side or net, refusals in both forms, closeout, configuration; the operator's situation."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Bench = Any


def operators(bench_of: Callable[..., Bench], long: int, **options: str) -> Bench:
    """The operator's account (fact sheet §14; issue 4, item 10): 40,000 short and some long USD_JPY near 154.2.

    Sold at 154.200, valued at the ask 154.208: −320; bought at 154.208, valued at the bid: −0.008 a unit. With a
    balance of 303,320 + 0.008 × long the net asset value is 303,000. Margin: 40,000 × 154.204 × 4 % = 246,726.4."""
    balance = Decimal(303_320) + Decimal("0.008") * long
    bench = bench_of(hedging="true", currency="JPY", balance=str(balance), **options)
    bench.order(units=-40_000)
    if long:
        bench.order(units=long)
    return bench


@pytest.mark.parametrize("long", [10_000, 20_000, 30_000])
def test_the_operators_situation(bench_of: Callable[..., Bench], long: int) -> None:
    """A further 10,000 short would need 61,681.6 more, 56,273.6 are free; 10,000 long need nothing more, because the
    short side is the larger one."""
    bench = operators(bench_of, long)
    account = bench.summary()
    assert (account["hedgingEnabled"], account["NAV"]) == (True, "303000.0000")
    assert (account["marginUsed"], account["marginAvailable"]) == ("246726.4000", "56273.6000")
    refused = bench.order(units=-10_000, positionFill="OPEN_ONLY")
    assert refused.status == 201
    assert refused["orderCancelTransaction"]["reason"] == "INSUFFICIENT_MARGIN"
    bought = bench.order(units=10_000, positionFill="OPEN_ONLY")
    # every fill's initial margin is 4 % of units × middle (872 of 872 in the operator's log)
    assert bought["orderFillTransaction"]["tradeOpened"]["initialMarginRequired"] == "61681.6000"
    assert bench.summary()["marginUsed"] == "246726.4000"
    position = bench.get("/openPositions")["positions"][0]
    assert (position["long"]["units"], position["short"]["units"]) == (str(long + 10_000), "-40000")


def test_what_needs_no_more_margin_is_taken_when_none_is_left(bench_of: Callable[..., Bench]) -> None:
    """At 156.200/156.208 the short side has lost 40,000 × 2.008 = 80,320 and the long side won 10,000 × 1.992 = 19,920:
    243,000 are left of 303,400 while 40,000 × 156.204 × 4 % = 249,926.4 are needed: a call.
    The long side may still grow to the short side's size."""
    bench = operators(bench_of, 10_000)
    bench.price("156.200", "156.208")
    account = bench.summary()
    assert (account["NAV"], account["marginUsed"], account["marginAvailable"]) == (
        "243000.0000", "249926.4000", "0.0000",
    )  # fmt: skip
    assert bench.order(units=10_000)["orderFillTransaction"]["units"] == "10000"
    assert bench.order(units=-1)["orderCancelTransaction"]["reason"] == "INSUFFICIENT_MARGIN"


def test_the_same_refusal_comes_as_400_where_so_asked(bench_of: Callable[..., Bench]) -> None:
    """Trap 2: both forms exist."""
    bench = operators(bench_of, 10_000, margin_refusal="reject")
    refused = bench.order(units=-10_000)
    assert (refused.status, refused["errorCode"]) == (400, "INSUFFICIENT_MARGIN")
    reject = refused["orderRejectTransaction"]
    assert (reject["type"], reject["rejectReason"]) == ("MARKET_ORDER_REJECT", "INSUFFICIENT_MARGIN")
    assert reject["id"] == refused["lastTransactionID"]
    assert bench.order(units=10_000)["orderFillTransaction"]["units"] == "10000"


def test_a_netting_account_pays_for_the_net_and_turns_over_without_more(bench_of: Callable[..., Bench]) -> None:
    """303,000 carry 40,000 long; selling 80,000 leaves 40,000 short: no more margin than before."""
    bench = bench_of(balance="303000")
    bench.order(units=40_000)
    assert bench.order(units=10_000)["orderCancelTransaction"]["reason"] == "INSUFFICIENT_MARGIN"
    turned = bench.order(units=-80_000)["orderFillTransaction"]
    assert turned["tradeOpened"]["units"] == "-40000"


def test_a_pending_order_without_margin_is_cancelled_when_its_price_comes(bench_of: Callable[..., Bench]) -> None:
    bench = operators(bench_of, 0)
    answer = bench.order("LIMIT", -10_000, price="154.300")
    assert "orderCancelTransaction" not in answer.body
    bench.price("154.300", "154.308")
    order = bench.get(f"/orders/{answer['orderCreateTransaction']['id']}")["order"]
    assert order["state"] == "CANCELLED"
    assert bench.transactions()[-1]["reason"] == "INSUFFICIENT_MARGIN"


def test_the_larger_of_the_accounts_and_the_instruments_rate_counts(bench: Bench) -> None:
    answer = bench.ask("PATCH", "/v3/accounts/{a}/configuration", {"marginRate": "0.1", "alias": "Half"})
    assert answer["clientConfigureTransaction"]["marginRate"] == "0.1"
    assert bench.get("/instruments", instruments="USD_JPY")["instruments"][0]["marginRate"] == "0.1"
    bench.order(units=1000)
    # 1,000 × 154.204 × 10 %
    assert (bench.summary()["marginUsed"], bench.summary()["alias"]) == ("15420.4000", "Half")
    bench.ask("PATCH", "/v3/accounts/{a}/configuration", {"marginRate": "0.01"})
    assert bench.summary()["marginUsed"] == "6168.1600"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "CLIENT_CONFIGURE_DATA_MISSING"),
        ({"marginRate": "2"}, "MARGIN_RATE_INVALID"),
        ({"marginRate": "1"}, "MARGIN_RATE_WOULD_TRIGGER_CLOSEOUT"),
        ({"marginRate": "0.4"}, "MARGIN_RATE_WOULD_TRIGGER_MARGIN_CALL"),
    ],
)
def test_a_configuration_that_can_not_be_is_refused(bench: Bench, body: Any, reason: str) -> None:
    """10,000 are worth 1,542,040: at 40 % 616,816 of margin with 500,000 of money; half of 1,542,040 is more too."""
    bench.order(units=10_000)
    answer = bench.ask("PATCH", "/v3/accounts/{a}/configuration", body)
    assert (answer.status, answer["errorCode"]) == (400, reason)
    assert answer["clientConfigureRejectTransaction"]["rejectReason"] == reason
    assert bench.summary()["marginRate"] == "0.04"


def test_a_margin_call_and_then_the_closeout(bench_of: Callable[..., Bench]) -> None:
    """70,000 long from 154.208 with 500,000. At 152.000/152.008: margin 70,000 × 152.004 × 4 % = 425,611.2, net asset
    value at middle 500,000 − 70,000 × 2.204 = 345,720: a call (1.231), no closeout (.6155). At 150.000/150.008: margin
    420,011.2, value 205,720: half the margin is 210,005.6, so everything is closed at the bid:
    70,000 × (150.000 − 154.208) = −294,560."""
    bench = bench_of(balance="500000")
    bench.order(units=70_000)
    bench.price("152.000", "152.008")
    account = bench.summary()
    assert (account["marginUsed"], account["marginCloseoutNAV"]) == ("425611.2000", "345720.0000")
    assert (account["marginCallPercent"], account["marginCloseoutPercent"]) == ("1.23109", "0.61554")
    assert account["marginAvailable"] == "0.0000"
    assert bench.types()[-1] == "MARGIN_CALL_ENTER"
    since = bench.summary()["lastTransactionID"]
    bench.price("150.000", "150.008")
    order, fill, left = bench.transactions(since)
    assert (order["reason"], order["marginCloseout"]["reason"]) == ("MARGIN_CLOSEOUT", "MARGIN_CHECK_VIOLATION")
    assert (fill["reason"], fill["pl"]) == ("MARKET_ORDER_MARGIN_CLOSEOUT", "-294560.0000")
    assert bench.summary()["balance"] == "205440.0000"
    bench.venue.settle()
    assert bench.types(int(left["id"]) - 1) == ["MARGIN_CALL_EXIT"]


def test_no_closeout_while_the_market_is_closed(bench: Bench) -> None:
    bench.order(units=70_000)
    bench.venue.market.set_open(False)
    bench.price("150.000", "150.008")
    assert bench.summary()["openTradeCount"] == 1
    bench.venue.market.set_open(True)
    bench.venue.settle()
    assert bench.summary()["openTradeCount"] == 0
