"""Sources of one price that diverge make it unknown (SC-17): a ticker that ran 1.5 to 2.9 % from the book cut eight
shorts of an operator.

Distances by hand, as a share of the lower price: 2885.66 against 2803 is 82.66 / 2803 = 2.949 %; 2831.03 against 2803
is 28.03 / 2803 = 1 % exactly.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.event import BarEvent, Book, Quote, Reference, TradePrint
from ruleengine.model.unknown import Reason, known
from tests.runtime.engine import world as worlds
from tests.runtime.engine.world import SECOND, T0, USD_JPY, World, orders, trade

ETH = replace(USD_JPY, pip=Decimal("0.01"), tick=Decimal("0.01"))
CUT = """
exits:
  - id: loss-cut
    for_each: trade
    when: last >= trade.entry_price + 5000pips or trade.pnl_pips <= -5000pips
    close: 100%
    on_unknown: {wait: 600s, then: alert}
entries:
  - {id: in, source: market, when: divergence <= 5%, side: long, strategy: TrendMA, size: 1units, max_open: 1}
"""


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    head = worlds.HEAD.replace("quote_age_max: 240h", "quote_age_max: 10s\n  price_divergence: 1%")
    monkeypatch.setattr(worlds, "HEAD", head)


def make(rules: str = CUT) -> World:
    return World(rules, spec=ETH, trades=(trade("1", "2803", side="short"),))


def at(seconds: float) -> int:
    return T0 + int(seconds * SECOND)


def ticker(world: World, price: float, seconds: float) -> Any:
    return world.feed(TradePrint(at(seconds), at(seconds), "USD_JPY", price, 1.0))


def frame(world: World) -> Any:
    return world.engine.markets["USD_JPY"].frame


def test_a_ticker_far_from_the_book_cuts_nothing_and_opens_nothing() -> None:
    world = make()
    world.feed(Book(at(1), at(1), "USD_JPY", ((2802.9, 1.0),), ((2803.1, 1.0),)))
    audit = ticker(world, 2885.66, 2)
    assert not orders(audit)
    for slot in ("bid", "ask", "last"):
        found = getattr(frame(world), slot)
        assert (found.reason, found.fact) == (Reason.DIVERGENT, slot)
        assert found.detail == "the last price 2885.66 and the middle 2803 are 2.95% apart"
    assert frame(world).divergence == pytest.approx(82.66 / 2803)
    assert [note.code for note in audit.notes if note.code == "RE588"] == ["RE588"]
    assert any("sources diverge" in change.unknown for change in audit.changes)
    assert not orders(world.timer(at=3))


@pytest.mark.parametrize(("price", "is_known"), [(2831.03, True), (2831.1, False), (2775.3, True), (2775.0, False)])
def test_the_limit_itself_is_allowed(price: float, is_known: bool) -> None:
    """Down: 2803 / 2775.3 = 1.00998 (27.7 / 2775.3 = 0.998 %), and 28 / 2775 = 1.009 %."""
    world = make()
    world.quote(2803.0, at=1)
    ticker(world, price, 2)
    assert known(frame(world).bid) is is_known
    assert known(frame(world).last) is is_known


def test_a_frozen_ticker_that_keeps_coming_keeps_the_price_unknown() -> None:
    world = make(CUT[: CUT.index("entries:")])
    world.quote(2803.0, at=1)
    for step in range(20):
        world.quote(2803.0, at=2 + step)
        ticker(world, 2885.66, 2.5 + step)
    assert frame(world).bid.reason is Reason.DIVERGENT
    assert not [line for kind, line in world.recorder.lines if kind == "order"]


def test_a_price_that_is_too_old_is_held_against_nothing() -> None:
    """A last price of 1.5 s counts until 11.5 s; a quote after that has nothing to differ from."""
    world = make()
    world.quote(2885.0, at=1)
    ticker(world, 2885.66, 1.5)
    world.quote(2803.0, 2803.1, at=11.6)
    assert frame(world).bid == 2803.0
    assert frame(world).divergence.reason is Reason.MISSING


def test_silence_is_no_agreement() -> None:
    """Which of two was wrong is not told by one of them falling silent: what is left may be the wrong one."""
    world = make()
    world.quote(2885.0, at=1)
    ticker(world, 2803.0, 1.5)
    for step in range(30):
        assert not orders(world.quote(2885.0 + step / 10, at=2 + step))
        assert frame(world).bid.reason is Reason.DIVERGENT
    ticker(world, 2887.5, 33)  # the middle is 2,887.9 and a little
    assert known(frame(world).bid)


def test_what_two_others_agree_on_says_nothing_for_a_third() -> None:
    """The ticker froze at 2,885.66 and fell silent; book and mark agree at 2,803. The ticker has to speak again."""
    world = make()
    world.quote(2803.0, 2803.2, at=1)
    ticker(world, 2885.66, 2)
    for second in range(3, 70):
        world.quote(2803.0, 2803.2, at=second)
    world.feed(Reference(at(69.5), at(69.5), "USD_JPY", 2803.5, "mark"))
    assert frame(world).bid == 2803.0
    assert frame(world).reference == 2803.5
    assert frame(world).last.reason is Reason.STALE
    ticker(world, 2803.1, 70)
    assert (frame(world).last, frame(world).last_at) == (2803.1, at(70))


def test_a_price_that_is_known_again_has_its_own_time() -> None:
    world = make()
    world.quote(2803.0, 2803.2, at=1)
    ticker(world, 2804.0, 2)
    world.quote(2885.0, 2885.2, at=3)
    ticker(world, 2804.5, 4)
    assert frame(world).last.reason is Reason.DIVERGENT
    world.quote(2804.0, 2804.2, at=5)
    assert (frame(world).last, frame(world).last_at) == (2804.5, at(4))


def test_all_prices_are_known_again_when_the_sources_agree() -> None:
    world = make()
    world.quote(2803.0, 2803.2, at=1)
    ticker(world, 2885.66, 2)
    ticker(world, 2804.0, 3)
    assert (frame(world).bid, frame(world).ask, frame(world).last) == (2803.0, 2803.2, 2804.0)
    assert frame(world).quoted_at == at(1)


def test_a_quote_that_grew_old_meanwhile_is_stale() -> None:
    world = make()
    world.quote(2803.0, 2803.2, at=1)
    ticker(world, 2885.66, 2)
    world.feed(Reference(at(11.4), at(11.4), "USD_JPY", 2803.5, "mark"))
    ticker(world, 2804.0, 11.5)
    assert frame(world).bid.reason is Reason.STALE
    assert frame(world).last == 2804.0


def test_a_mark_price_is_held_against_quote_and_bar() -> None:
    world = make()
    world.feed(Reference(at(1), at(1), "USD_JPY", 2803.0, "mark"))
    assert frame(world).reference == 2803.0
    minute = 60 * SECOND
    world.feed(BarEvent(at(2), at(2), "USD_JPY", minute, "last", 2800.0, 2900.0, 2800.0, 2885.66))
    assert frame(world).last.reason is Reason.DIVERGENT
    assert frame(world).reference.reason is Reason.DIVERGENT
    world.feed(BarEvent(at(3), at(3), "USD_JPY", SECOND, "bid", 2803.0, 2803.0, 2803.0, 2803.0, None,
                        (2803.2, 2803.2, 2803.2, 2803.2)))  # fmt: skip
    assert frame(world).bid.reason is Reason.DIVERGENT, "the bar's last price still counts"


def test_bars_of_a_divergence_are_marked() -> None:
    """A feature over a bar in which the sources diverged is unknown (FX-32)."""
    rules = CUT.replace("divergence <= 5%", "sma(m1.close, 1) > 0")
    world = make(rules)
    world.quote(2803.0, at=1)
    world.quote(2803.0, 2803.2, at=61)
    ticker(world, 2885.66, 62)
    ticker(world, 2803.0, 63)
    world.quote(2803.1, at=64)
    world.timer(at=120)
    value = frame(world).f[0]
    assert value.reason is Reason.SERIES_DEFECT


def test_it_survives_a_restart_to_the_bit() -> None:
    world = make()
    world.quote(2803.0, 2803.2, at=1)
    ticker(world, 2885.66, 2)
    world.restart()
    assert frame(world).bid.reason is Reason.DIVERGENT
    assert frame(world).bid.detail == "the last price 2885.66 and the middle 2803.1 are 2.95% apart"
    ticker(world, 2804.0, 3)
    assert (frame(world).bid, frame(world).last) == (2803.0, 2804.0)


def test_without_a_limit_the_distance_is_a_fact_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "HEAD", worlds.HEAD.replace("\n  price_divergence: 1%", ""))
    world = make()
    world.quote(2803.0, at=1)
    audit = ticker(world, 2885.66, 2)
    assert known(frame(world).bid)
    assert frame(world).divergence == pytest.approx(0.02949, abs=1e-5)
    assert [each.rule for each in audit.decisions] == ["loss-cut", "in"], "what SC-17 is about happens"


def test_quotes_of_the_hot_path_pay_nothing_where_no_policy_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "HEAD", worlds.HEAD.replace("\n  price_divergence: 1%", ""))
    world = World("", spec=ETH)
    assert world.engine.markets["USD_JPY"]._sources is None
    world.feed(Quote(at(1), at(1), "USD_JPY", 2803.0, 2803.1))
    assert frame(world).divergence.reason is Reason.MISSING
