"""Lists of candidates at run time (PY-09): cadence, order, ties, unknowns, restart, and what reads them.

The score is the bid: the three instruments are JPY pairs with locked quotes written in the tests.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.backends.trace import TraceProgram
from ruleengine.model.audit import Audit
from ruleengine.model.event import Quote
from ruleengine.model.instrument import Instrument
from ruleengine.model.unknown import Reason, known
from ruleengine.runtime.engine import Engine
from tests.runtime.engine import world as worlds
from tests.runtime.engine.world import SECOND, T0, USD_JPY, World, orders

NAMES = ("USD_JPY", "EUR_JPY", "GBP_JPY")
RULES = """
candidates:
  - {id: best, eligible: spread <= 2pips, score: bid, keep: 2, every: 60s}
metrics:
  kept: {value: best, for_each: instrument}
  rank: {value: best.rank, for_each: instrument}
  score: {value: best.score, for_each: instrument}
"""
ENTRY = """
entries:
  - {id: in, source: market, when: best, side: long, strategy: TrendMA, size: 1_000units, max_open: 1}
"""


def _spec(name: str) -> Instrument:
    return replace(USD_JPY, name=name, base=name[:3])


class Several(World):
    """The same with three instruments."""

    def _engine(self) -> Engine:
        return Engine(
            self.plan, [_spec(name) for name in NAMES], self.account, self.recorder, run_id="run",
            policy_digest="digest", figures=self.figures,
        )  # fmt: skip

    def price(self, name: str, bid: float, at: float, ask: float | None = None) -> Audit:
        ts = T0 + round(at * SECOND)
        return self.feed(Quote(ts, ts, name, bid, bid if ask is None else ask))

    def prices(self, usd: float, eur: float, gbp: float, at: float) -> None:
        for number, (name, bid) in enumerate(zip(NAMES, (usd, eur, gbp), strict=True)):
            self.price(name, bid, at + number / 10)

    def told(self) -> dict[str, tuple[Any, Any]]:
        """(kept, rank) by instrument."""
        return {name: tuple(self.engine.markets[name].frame.r[:2]) for name in NAMES}


@pytest.fixture(autouse=True)
def _three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "HEAD", worlds.HEAD.replace("[USD_JPY]", f"[{', '.join(NAMES)}]"))


def kept(world: Several) -> list[str]:
    return [name for name, (is_kept, _) in world.told().items() if is_kept is True]


def test_nothing_is_known_before_the_first_ranking() -> None:
    world = Several(RULES)
    world.prices(157.0, 183.0, 210.0, at=1)
    for is_kept, rank in world.told().values():
        assert (is_kept.reason, is_kept.detail) == (Reason.MISSING, "not ranked yet")
        assert not known(rank)


def test_the_best_are_kept_from_the_cadence_on() -> None:
    world = Several(RULES)
    world.prices(157.0, 183.0, 210.0, at=1)
    assert world.engine.next_timer_ns() == T0 + 60 * SECOND
    audit = world.timer(at=60)
    assert world.told() == {"USD_JPY": (False, 3), "EUR_JPY": (True, 2), "GBP_JPY": (True, 1)}
    assert [(note.code, note.message) for note in audit.notes] == [
        ("RE662", "best: 2 of 3 kept: GBP_JPY, EUR_JPY; 1 ranked behind them")
    ]
    world.prices(250.0, 183.0, 210.0, at=61)  # another is best now, and is told at the next ranking
    assert kept(world) == ["EUR_JPY", "GBP_JPY"]
    world.timer(at=119.9)
    assert kept(world) == ["EUR_JPY", "GBP_JPY"]
    world.timer(at=120)
    assert world.told() == {"USD_JPY": (True, 1), "EUR_JPY": (False, 3), "GBP_JPY": (True, 2)}


def test_ties_go_by_name() -> None:
    world = Several(RULES)
    world.prices(157.0, 157.0, 157.0, at=1)
    world.timer(at=60)
    assert world.told() == {"USD_JPY": (False, 3), "EUR_JPY": (True, 1), "GBP_JPY": (True, 2)}


def test_an_unknown_score_is_not_ranked_and_counted() -> None:
    world = Several(RULES)
    world.price("USD_JPY", 157.0, 1)
    world.price("EUR_JPY", 183.0, 2)
    audit = world.timer(at=60)
    assert world.told()["USD_JPY"] == (True, 2)
    for told in world.told()["GBP_JPY"]:
        assert told.reason is Reason.MISSING
        assert told.detail.startswith("could not be judged: ")
    assert audit.notes[0].message.startswith("best: 2 of 3 kept: EUR_JPY, USD_JPY; 1 unknown: GBP_JPY (ask missing)")


@pytest.mark.parametrize(("ask", "is_ranked"), [(210.02, True), (210.021, False)])
def test_what_is_not_eligible_has_no_place(ask: float, is_ranked: bool) -> None:
    """2 pips are 0.02; the limit itself is within."""
    world = Several(RULES)
    world.prices(157.0, 183.0, 209.0, at=1)
    world.price("GBP_JPY", 210.0, 2, ask=ask)
    world.timer(at=60)
    assert (world.told()["GBP_JPY"] == (True, 1)) is is_ranked
    assert (world.told()["USD_JPY"][0] is True) is not is_ranked


def test_a_ranking_without_change_tells_nothing_again() -> None:
    world = Several(RULES)
    world.prices(157.0, 183.0, 210.0, at=1)
    world.timer(at=60)
    world.prices(157.1, 183.1, 210.1, at=61)
    assert world.timer(at=120).notes == []


def test_a_late_event_ranks_once_and_keeps_the_cadence() -> None:
    world = Several(RULES)
    world.prices(157.0, 183.0, 210.0, at=1)
    world.timer(at=185)
    assert kept(world) == ["EUR_JPY", "GBP_JPY"]
    assert world.engine.next_timer_ns() == T0 + 240 * SECOND


def test_an_entry_follows_the_list_at_the_moment_of_the_ranking() -> None:
    world = Several(RULES + ENTRY)
    world.prices(157.0, 183.0, 210.0, at=1)
    sent = orders(world.timer(at=60))
    assert [each.instrument for each in sent] == ["EUR_JPY", "GBP_JPY"]


def test_a_restart_between_two_rankings_changes_nothing() -> None:
    whole, broken = Several(RULES + ENTRY), Several(RULES + ENTRY)
    for world in (whole, broken):
        world.prices(157.0, 183.0, 210.0, at=1)
        world.timer(at=60)
    broken.restart()
    assert broken.told() == whole.told()
    for world in (whole, broken):
        world.prices(250.0, 183.0, 210.0, at=61)
        world.timer(at=119)
    assert broken.told() == whole.told()
    assert [each.instrument for each in orders(whole.timer(at=120))] == ["USD_JPY"]
    assert [each.instrument for each in orders(broken.timer(at=120))] == ["USD_JPY"]
    assert broken.told() == whole.told()


def test_a_restart_keeps_who_could_not_be_judged() -> None:
    world = Several(RULES)
    world.price("USD_JPY", 157.0, 1)
    world.timer(at=60)
    world.restart()
    assert [told.detail for told in world.told()["GBP_JPY"]] == ["could not be judged: ask missing"] * 2


def test_a_state_from_before_who_could_not_be_judged_was_kept() -> None:
    """Then it was not on the list, and stays so until the next ranking."""
    world = Several(RULES)
    world.price("USD_JPY", 157.0, 1)
    world.timer(at=60)
    state = json.loads(json.dumps(world.engine.state()))
    del state["candidates"]["unjudged"]
    world.engine = world._engine()
    assert world.engine.restore(state) == []
    assert world.told()["USD_JPY"] == (True, 1)
    is_kept, rank = world.told()["GBP_JPY"]
    assert (is_kept, rank.detail) == (False, "not among the candidates")
    world.timer(at=120)
    assert world.told()["GBP_JPY"][0].detail == "could not be judged: ask missing"


def test_both_backends_rank_alike() -> None:
    world = Several(RULES, program=TraceProgram)
    world.prices(157.0, 183.0, 210.0, at=1)
    world.timer(at=60)
    assert world.told() == {"USD_JPY": (False, 3), "EUR_JPY": (True, 2), "GBP_JPY": (True, 1)}
    score = world.engine.markets["GBP_JPY"].frame.r[2]
    assert Decimal(score) == 210


def test_a_mode_over_a_list_turns_with_the_ranking_of_its_own_instrument() -> None:
    rules = (
        RULES
        + """
modes:
  liked: {enter: best, leave: best.rank > 2 or not known(best.rank)}
entries:
  - {id: in, source: market, when: liked, side: long, strategy: TrendMA, size: 1_000units, max_open: 1}
"""
    )
    world = Several(rules)
    world.prices(157.0, 183.0, 210.0, at=1)
    sent = orders(world.timer(at=60))
    assert [each.instrument for each in sent] == ["EUR_JPY", "GBP_JPY"]
