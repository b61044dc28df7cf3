"""An exit whose condition holds and whose `close` is unknown waits by its `on_unknown`: told at once, and once more
after the wait; `then: close` closes all there is, since a size that can't be had must not keep it from that (FX-23)."""

from __future__ import annotations

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import TradePrint
from tests.runtime.engine.world import SECOND, T0, World, orders, trade

EXIT = """
exits:
  - id: half
    for_each: {each}
    when: {when}
    close: 50% if last > 50 else 40%
    on_unknown: {{wait: 10s, then: {then}}}
"""
OF_TRADE = {"each": "trade", "when": "trade.pnl_pips <= -5pips"}
OF_POSITION = {"each": "position", "when": "position.net_units >= 1_000units"}


def told(audit: Audit) -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in audit.notes if note.code in ("RE589", "RE590")]


def world(of: dict[str, str], then: str) -> World:
    return World(EXIT.format(**of, then=then), trades=(trade("20000", "100"),))


@pytest.mark.parametrize("of", [OF_TRADE, OF_POSITION], ids=["trade", "position"])
def test_all_of_it_is_closed_after_the_wait(of: dict[str, str]) -> None:
    run = world(of, "close")
    first = run.quote(99.9, at=1)
    assert told(first) == [("RE589", "half: unknown: last missing; waiting 10 s, then close")]
    assert not orders(first)
    assert not orders(run.quote(99.8, at=10.9))
    over = run.timer(at=11)
    assert told(over) == [("RE590", "half: unknown: last missing for 10 s; close")]
    assert [int(order.units) for order in orders(over)] == [20_000]
    assert not orders(run.quote(99.7, at=12)), "its order is on its way"


def test_an_alert_alone_where_the_policy_says_so() -> None:
    run = world(OF_TRADE, "alert")
    run.quote(99.9, at=1)
    over = run.timer(at=11)
    assert told(over) == [("RE590", "half: unknown: last missing for 10 s; alert")]
    assert not orders(over)
    assert told(run.quote(99.8, at=12)) == []


def test_a_share_that_comes_in_time_ends_the_wait() -> None:
    run = world(OF_TRADE, "close")
    run.quote(99.9, at=1)
    ts = T0 + 5 * SECOND
    sent = orders(run.feed(TradePrint(ts, ts, "USD_JPY", 99.9, 1.0)))
    assert [int(order.units) for order in sent] == [10_000]
    assert told(run.timer(at=12)) == []


def test_a_restart_in_between_forgets_nothing() -> None:
    run = world(OF_TRADE, "close")
    run.quote(99.9, at=1)
    run.restart()
    assert told(run.quote(99.9, at=5)) == []
    assert [int(order.units) for order in orders(run.timer(at=11))] == [20_000]
