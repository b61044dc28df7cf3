"""Bars as the market: stop before target, gaps at the open, what is new inside a bar, and no price without a spread."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

from ruleengine.model.event import BarEvent, TradePrint

SECOND = 1_000_000_000


def test_stop_comes_before_target_inside_one_bar(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, stop="156.900", target="157.100")
    # low 156.850 and high 157.150 reach both
    (out,) = fills(at.bar(["157.000", "157.150", "156.850", "157.120"], ["157.008", "157.158", "156.858", "157.128"]))
    assert (out.reason, out.price) == ("stop", D("156.9"))


def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, stop="156.900")
    (out,) = fills(at.bar(["156.700", "156.950", "156.600", "156.900"], ["156.708", "156.958", "156.608", "156.908"]))
    assert (out.reason, out.price) == ("stop", D("156.7"))


def test_a_target_inside_the_bar_fills_at_its_price(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("short", 10_000, stop="157.300", target="156.900")
    # the short closes at the ask: its low of 156.898 reaches 156.900, the bid's high is no matter
    (out,) = fills(at.bar(["157.000", "157.100", "156.890", "157.000"], ["157.008", "157.108", "156.898", "157.008"]))
    assert (out.reason, out.price, out.realised) == ("target", D("156.9"), D(1_000))


def test_the_ask_side_of_a_bar_decides_a_buy_limit(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, type="limit", price="156.900")
    quiet = at.bar(["157.000", "157.010", "156.895", "157.000"], ["157.008", "157.018", "156.903", "157.008"])
    assert fills(quiet) == []  # the bid went to 156.895, the ask only to 156.903
    (filled,) = fills(
        at.bar(["157.000", "157.010", "156.892", "157.000"], ["157.008", "157.018", "156.900", "157.008"])
    )
    assert filled.price == D("156.9")


def test_an_entry_inside_a_bar_sees_the_whole_bar_for_its_stop_and_the_close_for_its_target(
    desk: Any, fills: Any
) -> None:
    at = desk()
    at.send("long", 10_000, type="limit", price="156.900", stop="156.800", target="157.050")
    events = fills(at.bar(["157.000", "157.100", "156.780", "157.000"], ["157.008", "157.108", "156.788", "157.008"]))
    assert [(each.opens, each.reason, each.price) for each in events] == [
        (True, "limit", D("156.9")),
        (False, "stop", D("156.8")),
    ]
    at = desk()
    at.send("long", 10_000, type="limit", price="156.900", stop="156.800", target="157.050")
    events = fills(at.bar(["157.000", "157.100", "156.880", "157.000"], ["157.008", "157.108", "156.888", "157.008"]))
    assert [each.opens for each in events] == [True]  # the high of 157.100 may have come before the entry
    (out,) = fills(at.bar(["157.000", "157.100", "156.880", "157.000"], ["157.008", "157.108", "156.888", "157.008"]))
    assert (out.reason, out.price) == ("target", D("157.05"))


def test_a_stop_entry_inside_a_bar_takes_its_target_from_the_close_only(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, type="stop", price="157.050", stop="156.800", target="157.150")
    # the bid's high of 157.200 may have come before the ask's 157.050
    events = fills(at.bar(["157.000", "157.200", "156.990", "157.100"], ["157.008", "157.208", "156.998", "157.108"]))
    assert [(each.opens, each.price) for each in events] == [(True, D("157.05"))]
    at = desk()
    at.send("long", 10_000, type="stop", price="157.050", stop="156.800", target="157.150")
    events = fills(at.bar(["157.000", "157.200", "156.990", "157.160"], ["157.008", "157.208", "156.998", "157.168"]))
    assert [(each.opens, each.price) for each in events] == [(True, D("157.05")), (False, D("157.15"))]


def test_the_last_bar_of_a_session_belongs_to_it(desk: Any, fills: Any) -> None:
    friday_1658 = 1_767_995_880 * SECOND  # in New York
    at = desk(start_ns=friday_1658)
    at.send("long", 10_000, stop="156.900")
    (out,) = fills(at.bar(["157.000", "157.010", "156.850", "156.950"], ["157.008", "157.018", "156.858", "156.958"]))
    assert (out.price, out.ts) == (D("156.9"), friday_1658 + 60 * SECOND)


def test_a_crossed_open_or_close_is_no_price_but_the_range_still_reaches_a_stop(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, stop="156.900")
    # ask below bid at open and close, as 683 of the FXCM minutes have it
    quiet = at.bar(["157.000", "157.010", "156.990", "157.000"], ["156.990", "157.005", "156.980", "156.990"])
    assert fills(quiet) == []
    assert ("defective market events ignored", "2") in at.venue.assumptions()
    assert fills(at.send("long", 1))[0].price == D("157.008")  # the last sound ask
    (out,) = fills(at.bar(["157.000", "157.010", "156.890", "157.000"], ["156.990", "157.005", "156.880", "156.990"]))
    assert (out.reason, out.price) == ("stop", D("156.9"))


def test_a_jump_of_scale_is_believed_only_when_confirmed(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 1_000, stop="156.000")
    assert fills(at.quote("1.570", "1.571")) == []  # a hundredth: a slip of the feed
    assert fills(at.quote("157.000", "157.008")) == []
    assert fills(at.quote("80.000", "80.008")) == []
    (out,) = fills(at.quote("79.900", "79.908"))  # said twice: it is so
    assert out.price == D("79.9")


def _mid_bar(at: Any, instrument: str, close: float) -> BarEvent:
    at.now += 60 * SECOND
    return BarEvent(at.now, at.now, instrument, 60 * SECOND, "mid", close, close, close, close)


def test_middle_prices_fill_nothing_without_a_declared_spread(desk: Any, updates: Any) -> None:
    at = desk(quote=None)
    at.venue.on_market(_mid_bar(at, "USD_JPY", 157.0))
    (answer,) = updates(at.send("long", 1_000))
    assert answer.code == "INSTRUMENT_PRICE_UNKNOWN"
    assert "instruments.USD_JPY.spread" in answer.reason


def test_a_declared_spread_stands_around_the_middle(desk: Any, fills: Any) -> None:
    at = desk({"instruments": {"USD_JPY": {"spread": "0.8pips"}}}, quote=None)
    at.venue.on_market(_mid_bar(at, "USD_JPY", 157.0))
    # 0.8 pips = 0.008 around 157.000
    assert fills(at.send("long", 1_000))[0].price == D("157.004")
    assert fills(at.send("short", 1_000))[0].price == D("156.996")


def test_prints_move_the_price_only_where_no_quotes_come(desk: Any, fills: Any) -> None:
    account = {"currency": "KRW", "mode": "netting", "instruments": {"005930": {"spread": "100"}}}
    at = desk(account, names=["005930"], quote=None, start_ns=1_767_747_600 * SECOND)  # 10:00 in Seoul
    at.now += SECOND
    at.venue.on_market(TradePrint(at.now, at.now, "005930", 71_000.0, 12.0))
    # 71,000 ± 50 lies between ticks of 100: outward to 70,900 and 71,100
    assert fills(at.send("long", 1))[0].price == D(71_100)
    at.quote("71000", "71100")
    at.now += SECOND
    at.venue.on_market(TradePrint(at.now, at.now, "005930", 80_000.0, 12.0))
    assert fills(at.send("long", 1))[0].price == D(71_100)
