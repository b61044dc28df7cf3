"""Trades that ended: what each came to, in which order, and what is known where fills were not all heard."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.unknown import Unknown
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book import closed
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.book.tags import Tags
from tests.runtime.account import LONG, SHORT, TAGS, make_fill, make_holdings, make_order, state_of


def opened(holdings: Holdings, trade: str, price: str, *, units: str = "1000", ts: int = 1, **more: Any) -> None:
    order = make_order(f"re{trade}", units=units, strategy="M1Scalper", pocket="micro")
    holdings.apply(make_fill(order.id, LONG, units, price, trade, ts=ts, **more), order, "entry", "rule")


def closes(holdings: Holdings, trade: str, price: str, *, units: str = "1000", ts: int = 9, **more: Any) -> None:
    rule = more.pop("rule", "")
    holdings.apply(make_fill("", SHORT, units, price, trade, opens=False, ts=ts, **more), rule=rule)


def rows(holdings: Holdings, *slots: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(frame, slot) for slot in slots) for frame in holdings.account.closed]


def test_a_trade_that_ends_joins_with_what_it_came_to() -> None:
    """Opened 400 @ 150 and 600 @ 151 → 150.6; closed 300 @ 152 and 700 @ 150 → 150.6; realised and fees add up."""
    holdings = make_holdings()
    opened(holdings, "t1", "150", units="400", ts=5, fee=Decimal(1))
    opened(holdings, "t1", "151", units="600", ts=6, fee=Decimal(2))
    closes(holdings, "t1", "152", units="300", ts=20, realised=Decimal(420), fee=Decimal(3), rule="micro-trail")
    assert rows(holdings, "id") == []
    closes(holdings, "t1", "150", units="700", ts=30, realised=Decimal(-420), fee=Decimal(4), reason="stop")
    frame = holdings.account.closed[0]
    assert (frame.units, frame.entry_price, frame.exit_price) == (1000.0, 150.6, 150.6)
    assert (frame.pnl, frame.fees, frame.rule) == (0.0, 10.0, "stop")
    assert (frame.opened_at, frame.closed_at, frame.side, frame.sign) == (5, 30, "long", 1.0)
    assert (frame.strategy, frame.pocket, frame.opened_by, frame.instrument) == (
        "M1Scalper",
        "micro",
        "entry",
        "USD_JPY",
    )


def test_they_stand_in_the_order_of_ending_with_the_rule_that_closed_them() -> None:
    holdings = make_holdings()
    opened(holdings, "t1", "150")
    opened(holdings, "t2", "150", ts=2)
    closes(holdings, "t2", "151", ts=10, realised=Decimal(1000), rule="micro-trail")
    closes(holdings, "t1", "149", ts=11, realised=Decimal(-1000))
    assert rows(holdings, "id", "pnl", "rule") == [("t2", 1000.0, "micro-trail"), ("t1", -1000.0, "outside")]


def test_a_manual_trade_is_none_of_ours() -> None:
    holdings = make_holdings()
    holdings.apply(make_fill("", LONG, "1000", "150", "m1"))
    closes(holdings, "m1", "151")
    assert rows(holdings, "id") == []


def test_a_close_that_overtakes_its_opening_ends_once_both_are_heard() -> None:
    holdings = make_holdings()
    closes(holdings, "t1", "151", ts=9, realised=Decimal(1000))
    assert rows(holdings, "id") == []
    opened(holdings, "t1", "150", ts=3)
    assert rows(holdings, "id", "entry_price", "exit_price", "pnl") == [("t1", 150.0, 151.0, 1000.0)]


def test_a_piece_of_the_opening_that_comes_late_ends_it_once() -> None:
    holdings = make_holdings()
    opened(holdings, "t1", "150", units="400", ts=3)
    closes(holdings, "t1", "151", ts=9, realised=Decimal(1000))
    assert rows(holdings, "id") == []
    opened(holdings, "t1", "150", units="600", ts=4)
    assert rows(holdings, "id", "units") == [("t1", 1000.0)]


def test_a_netting_account_ends_the_side_as_one() -> None:
    holdings = make_holdings("netting")
    for trade, price in (("a", "150"), ("b", "152")):
        opened(holdings, trade, price)
    closes(holdings, "a", "153", realised=Decimal(3000))
    assert rows(holdings, "id") == []
    closes(holdings, "b", "153", ts=10, realised=Decimal(1000))
    assert rows(holdings, "id", "units", "entry_price", "pnl") == [("USD_JPY:long", 2000.0, 151.0, 4000.0)]


def test_contracts_are_told_in_base_units() -> None:
    holdings = make_holdings()
    opened(holdings, "t1", "60000", units="3", instrument="BTC-USDT-SWAP")
    closes(holdings, "t1", "61000", units="3", instrument="BTC-USDT-SWAP", realised=Decimal(4500))
    assert rows(holdings, "units", "pnl") == [(0.03, 4500.0)]


# --- what was not heard ----------------------------------------------------------------------------------------------


def vanish(holdings: Holdings, ts: int = 50, **more: Any) -> None:
    holdings.adopt(VenueSnapshot(ts=ts, balance=Decimal(500_000), margin_used=Decimal(0), **more))


def test_a_trade_that_the_venue_has_no_more_ended_outside_with_an_unknown_result() -> None:
    holdings = make_holdings()
    opened(holdings, "t1", "150", ts=5)
    vanish(holdings)
    frame = holdings.account.closed[0]
    assert (frame.rule, frame.closed_at, frame.entry_price) == ("outside", 50, 150.0)
    assert all(isinstance(getattr(frame, slot), Unknown) for slot in ("pnl", "exit_price", "fees"))


def test_its_fill_heard_later_tells_the_result_once_and_counts_no_money() -> None:
    holdings = make_holdings()
    opened(holdings, "t1", "150", ts=5)
    vanish(holdings)
    closes(holdings, "t1", "149", ts=40, realised=Decimal(-1000), reason="stop")
    assert rows(holdings, "pnl", "exit_price", "rule", "closed_at") == [(-1000.0, 149.0, "stop", 40)]
    assert holdings.balance == 500_000


def test_a_trade_taken_over_at_the_start_has_unknown_fees_and_a_known_result() -> None:
    holdings = make_holdings()
    vanish(holdings, trades=(state_of("t1", units="1000"),))
    closes(holdings, "t1", "151", ts=60, realised=Decimal(1000))
    assert rows(holdings, "pnl", "entry_price", "opened_at") == [(1000.0, 150.0, 1)]
    assert isinstance(holdings.account.closed[0].fees, Unknown)


def test_a_reduction_that_was_not_heard_makes_the_result_unknown() -> None:
    holdings = make_holdings()
    opened(holdings, "t1", "150", ts=5)
    vanish(holdings, trades=(state_of("t1", units="600"),))
    closes(holdings, "t1", "151", units="600", ts=60, realised=Decimal(600))
    assert isinstance(holdings.account.closed[0].pnl, Unknown)


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_the_oldest_is_forgotten_and_the_history_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed, "KEPT", 2)
    holdings = make_holdings()
    assert holdings.account.history_since == 0
    for number in range(3):
        opened(holdings, f"t{number}", "150", ts=10 * number + 1)
        closes(holdings, f"t{number}", "151", ts=10 * number + 9)
    assert rows(holdings, "id") == [("t1",), ("t2",)]
    assert holdings.account.history_since == 10


def test_state_and_restore_continue_in_the_middle_of_a_trade() -> None:
    holdings, other = make_holdings(), make_holdings()
    opened(holdings, "t1", "150", ts=5, fee=Decimal("0.1"))
    closes(holdings, "t1", "151", units="400", ts=9, realised=Decimal(400), fee=Decimal("0.2"))
    opened(holdings, "t0", "150", ts=5)
    vanish(holdings, trades=(state_of("t1", units="600"),))
    other.restore(json.loads(json.dumps(holdings.state())))
    for each in (holdings, other):
        closes(each, "t1", "151", units="600", ts=60, realised=Decimal(600))
        closes(each, "t0", "149", ts=45, realised=Decimal(-1000), reason="stop")
    assert json.dumps(holdings.state()) == json.dumps(other.state())
    assert rows(other, "id", "pnl") == [("t0", -1000.0), ("t1", 1000.0)]
    # 0.1 of the opening, 0.2 of the first closing: exact sums, not sums of floats
    assert other.account.closed[1].fees == 0.3


def test_a_renamed_strategy_keeps_its_closed_trades() -> None:
    """`M1Scalper` is an alias of `Scalper` from now on; a strategy that nobody names any more keeps its name."""
    holdings = make_holdings()
    opened(holdings, "t1", "150", ts=5)
    closes(holdings, "t1", "151", ts=9, realised=Decimal(1000))
    for tags, strategy in ((Tags({"Scalper": ["M1Scalper"]}), "Scalper"), (Tags({"Other": []}), "M1Scalper")):
        other = Holdings(
            holdings.instruments, currency="JPY", mode="hedging", weights=holdings.weights, tags=tags,
            markets=holdings.markets,
        )  # fmt: skip
        other.restore(json.loads(json.dumps(holdings.state())))
        other.resolve_anew()
        assert rows(other, "id", "strategy") == [("t1", strategy)]


def test_what_an_account_file_states_comes_first_in_order() -> None:
    holdings = make_holdings()
    fresh = Holdings(
        holdings.instruments, currency="JPY", mode="hedging", weights=holdings.weights, tags=TAGS,
        markets=holdings.markets,
    )  # fmt: skip
    common = {"instrument": "USD_JPY", "side": "long", "units": "1000", "tag": "M1Scalper-trend-long"}
    fresh.closed.given([{**common, "pnl": "-5", "age_s": "60"}, {**common, "pnl": "7", "age_s": "90", "held_s": "30"},
                        {**common, "closed": "1970-01-01T00:01:00.5Z"}], TAGS)  # fmt: skip
    vanish(fresh, ts=100_000_000_000)
    second = 1_000_000_000
    assert rows(fresh, "closed_at", "opened_at", "strategy") == [
        (10 * second, -20 * second, "M1Scalper"),
        (40 * second, 40 * second, "M1Scalper"),
        (60 * second + second // 2, 60 * second + second // 2, "M1Scalper"),
    ]
    assert [frame.pnl for frame in fresh.account.closed[:2]] == [7.0, -5.0]
    assert isinstance(fresh.account.closed[2].pnl, Unknown)
    assert fresh.account.history_since == 10 * second
