"""Every refusal of the venue, one by one: what is sent, the code, and that nothing else happened."""

from __future__ import annotations

from typing import Any

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.model.side import Side

SECOND = 1_000_000_000
FRIDAY_EVENING = 1_767_996_000 * SECOND  # Friday 2026-01-09 22:00 UTC: New York 17:00


def refusal(updates: Any, events: Any) -> str:
    """The code of a refused order, with nothing filled beside it."""
    assert [event.kind for event in events] == ["order"]
    (answer,) = updates(events)
    assert answer.status is OrderStatus.REJECTED
    assert answer.reason
    code: str = answer.code
    return code


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"units": 0}, "UNITS_INVALID"),
        ({"units": "0.5"}, "UNITS_PRECISION_EXCEEDED"),
        ({"units": 100_000_001}, "UNITS_LIMIT_EXCEEDED"),
        ({"units": 1_000, "type": "limit"}, "PRICE_MISSING"),
        ({"units": 1_000, "type": "limit", "price": "-1"}, "PRICE_INVALID"),
        ({"units": 1_000, "type": "limit", "price": "156.9505"}, "PRICE_PRECISION_EXCEEDED"),
        ({"units": 1_000, "stop": "156.95001"}, "PRICE_PRECISION_EXCEEDED"),
        ({"units": 1_000, "stop": "157.000"}, "STOP_LOSS_ON_FILL_LOSS"),  # the bid is there already
        ({"units": 1_000, "target": "157.008"}, "LOSING_TAKE_PROFIT"),  # bought at 157.008
        ({"units": 200_000}, "INSUFFICIENT_MARGIN"),  # 200,000 × 157.004 × 4 % = 1,256,032 of 1,000,000
        ({"units": 1_000, "is_reduce_only": True}, "NO_POSITION_TO_REDUCE"),
        ({"units": 1_000, "trade_id": "77"}, "TRADE_DOESNT_EXIST"),
        ({"units": 1_000, "instrument": "XAU_USD"}, "INSTRUMENT_UNKNOWN"),
    ],
)
def test_refused(desk: Any, updates: Any, order: dict[str, Any], code: str) -> None:
    at = desk()
    assert refusal(updates, at.send("long", **order)) == code
    assert at.sides == (0, 0)
    assert at.venue.snapshot().open_orders == ()


def test_limits_of_the_same_checks_pass(desk: Any, updates: Any) -> None:
    # one tick, one unit beyond each refusal above
    at = desk()
    accepted = [
        at.send("long", 1, stop="156.999"),
        at.send("long", 1, target="157.009"),
        # 159,231 held after this with the 2 above: 159,231 × 157.004 × 4 % = 999,996.1 of 999,999.98
        at.send("long", 159_229),
    ]
    assert all(updates(events)[0].status is OrderStatus.ACCEPTED for events in accepted)
    assert refusal(updates, at.send("long", 2)) == "INSUFFICIENT_MARGIN"


def test_open_losses_and_the_fee_count_against_new_margin(desk: Any, updates: Any) -> None:
    at = desk({"balance": "100000", "margin_closeout": "none", "fees": {"taker": "0.0001"}})
    at.send("long", 10_000)  # fee 157.008
    at.quote("154.000", "154.008")
    # equity 99,842.992 − 30,080 = 69,762.992. 11,325 × 154.004 × 4 % = 69,763.8; 11,324: 69,757.7 and a fee of 20.4
    assert refusal(updates, at.send("long", 1_325)) == "INSUFFICIENT_MARGIN"
    assert refusal(updates, at.send("long", 1_324)) == "INSUFFICIENT_MARGIN"  # only the fee is lacking
    # 11,320: 69,733.0 + 1,320 × 154.008 × 0.01 % = 20.3 → 69,753.3
    assert updates(at.send("long", 1_320))[0].status is OrderStatus.ACCEPTED


def test_reduce_only_needs_the_side_it_names(desk: Any, updates: Any) -> None:
    at = desk()
    at.send("long", 1_000)
    assert refusal(updates, at.send("long", 1_000, is_reduce_only=True)) == "NO_POSITION_TO_REDUCE"
    answers = at.send("short", 1_000, is_reduce_only=True, position_side=Side.SHORT)
    assert refusal(updates, answers) == "NO_POSITION_TO_REDUCE"


def test_a_trade_is_closed_by_its_opposite_and_never_beyond_its_size(desk: Any, fills: Any, updates: Any) -> None:
    at = desk()
    (opened,) = fills(at.send("long", 1_000))
    assert refusal(updates, at.send("long", 500, trade_id=opened.trade_id)) == "NO_POSITION_TO_REDUCE"
    too_much = at.send("short", 1_001, trade_id=opened.trade_id)
    assert refusal(updates, too_much) == "CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE"
    assert at.sides == (1_000, 0)


def test_no_order_without_a_price(desk: Any, updates: Any) -> None:
    at = desk(quote=None)
    assert refusal(updates, at.send("long", 1_000)) == "INSTRUMENT_PRICE_UNKNOWN"


def test_no_order_without_a_conversion(desk: Any, updates: Any) -> None:
    at = desk(names=["EUR_USD", "USD_JPY"], quote=("1.17000", "1.17008"))
    assert refusal(updates, at.send("long", 1_000)) == "CONVERSION_UNKNOWN"
    at.quote("157.000", "157.008", instrument="USD_JPY")
    assert updates(at.send("long", 1_000))[0].status is OrderStatus.ACCEPTED


def test_outside_of_hours_the_market_is_halted(desk: Any, fills: Any, updates: Any) -> None:
    at = desk(start_ns=FRIDAY_EVENING - 120 * SECOND)  # 16:58 in New York
    at.send("long", 1_000, stop="156.900")
    at.wait(60)  # 16:59
    assert refusal(updates, at.send("long", 1_000)) == "MARKET_HALTED"
    assert fills(at.quote("156.800", "156.808")) == []  # stops don't fill either
    at.wait(48 * 3600 + 360)  # Sunday 17:05
    (stopped,) = fills(at.quote("156.500", "156.508"))
    assert str(stopped.price) == "156.5"  # at the gapped price of the opening


def test_sessions_can_be_ignored(desk: Any, updates: Any) -> None:
    at = desk(settings={"ignore_sessions": True}, start_ns=FRIDAY_EVENING)
    assert updates(at.send("long", 1_000))[0].status is OrderStatus.ACCEPTED


class TestContracts:
    """A swap with minimum 5 USDT a order: 0.01 contracts of 0.01 BTC at 90,000 are 9 USDT, of XRP 100 at 2: 2 USDT."""

    def make(self, desk: Any) -> Any:
        account = {
            "currency": "USDT",
            "balance": "1000",
            "mode": "netting",
            "leverage": 3,
            "instruments": {"XRP-USDT-SWAP": {"min_value": "5"}},
        }
        return desk(account, names=["XRP-USDT-SWAP"], quote=("2.0000", "2.0001"))

    def test_below_the_minimum_value(self, desk: Any, updates: Any) -> None:
        at = self.make(desk)
        # 0.02 contracts × 100 XRP × 2.00005 = 4.0001 USDT; 0.03: 6.0002
        assert refusal(updates, at.send("long", "0.02")) == "MIN_VALUE_NOT_MET"
        assert updates(at.send("long", "0.03"))[0].status is OrderStatus.ACCEPTED

    def test_below_the_minimum_size_and_off_the_lot(self, desk: Any, updates: Any) -> None:
        at = self.make(desk)
        assert refusal(updates, at.send("long", "0.005")) == "UNITS_PRECISION_EXCEEDED"
        account = {"currency": "USDT", "balance": "1000", "mode": "netting",
                   "instruments": {"XRP-USDT-SWAP": {"min_size": "1"}}}  # fmt: skip
        at = desk(account, names=["XRP-USDT-SWAP"], quote=("2.0000", "2.0001"))
        assert refusal(updates, at.send("long", "0.99")) == "UNITS_MINIMUM_NOT_MET"

    def test_a_partial_close_has_the_floor_and_a_full_close_has_none(self, desk: Any, updates: Any, fills: Any) -> None:
        at = self.make(desk)
        at.send("long", "0.04")
        # SC-01: 0.02 of 0.04 is worth 4 USDT: refused and the position held; the whole is let out at any value
        assert refusal(updates, at.send("short", "0.02", is_reduce_only=True)) == "MIN_VALUE_NOT_MET"
        assert at.sides[0] > 0
        at.quote("1.0000", "1.0001")
        at.quote("1.0000", "1.0001")  # said twice, so believed: the whole is now worth 4 USDT
        (closed,) = fills(at.send("short", "0.04", is_reduce_only=True))
        assert closed.is_last
        assert at.sides == (0, 0)


class TestKoreanStocks:
    MORNING = 1_767_747_600 * SECOND  # 2026-01-07 10:00 in Seoul

    def make(self, desk: Any, **terms: Any) -> Any:
        account = {"currency": "KRW", "balance": "10000000", "mode": "netting", "instruments": {"005930": terms}}
        return desk(account, names=["005930"], quote=("71000", "71100"), start_ns=self.MORNING)

    def test_ticks_follow_the_table(self, desk: Any, updates: Any) -> None:
        at = self.make(desk)
        assert refusal(updates, at.send("long", 1, type="limit", price="70950")) == "PRICE_PRECISION_EXCEEDED"
        # below 50,000 the tick is 50
        assert updates(at.send("long", 1, type="limit", price="49950"))[0].status is OrderStatus.ACCEPTED

    def test_whole_shares(self, desk: Any, updates: Any) -> None:
        assert refusal(updates, self.make(desk).send("long", "1.5")) == "UNITS_PRECISION_EXCEEDED"

    def test_no_short_sale_and_no_flip(self, desk: Any, updates: Any) -> None:
        at = self.make(desk)
        at.send("long", 10)
        assert refusal(updates, at.send("short", 11)) == "SHORT_NOT_ALLOWED"
        assert at.sides == (10, 0)
        assert updates(at.send("short", 11, is_reduce_only=True))[0].status is OrderStatus.ACCEPTED  # cut to 10
        assert at.sides == (0, 0)

    def test_price_limits_of_the_day(self, desk: Any, updates: Any) -> None:
        at = self.make(desk, base_price="70000")  # ±30 %: 49,000–91,000
        assert refusal(updates, at.send("long", 1, type="limit", price="91100")) == "PRICE_LIMIT_EXCEEDED"
        assert refusal(updates, at.send("long", 1, type="limit", price="48950")) == "PRICE_LIMIT_EXCEEDED"
        assert updates(at.send("long", 1, type="limit", price="49000"))[0].status is OrderStatus.ACCEPTED


def test_too_many_messages(desk: Any, updates: Any) -> None:
    at = desk(settings={"orders_per_s": 2})
    assert [updates(at.send("long", 1))[0].status.value for _ in range(3)] == ["accepted", "accepted", "rejected"]
    at.wait(0.5)
    assert updates(at.send("long", 1))[0].status is OrderStatus.ACCEPTED
    assert refusal(updates, at.send("long", 1)) == "RATE_EXCEEDED"
