"""A feed with every defect that the market simulator can make: the run goes on, counts them, and no order rests on a
quote that is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from ruleengine.cli.engines import machine_of
from ruleengine.cli.session import Session
from ruleengine.model.event import Event, Fill, Quote
from ruleengine.runtime.driving.drive import Driver
from ruleengine.runtime.engine import Engine
from tests.runs.whole import START, Kept, copied, engine, market

OFTEN = {"repeat": 0.05, "disorder": 0.03, "crossed": 0.03, "scaled": 0.02, "freezes_per_h": 30.0, "freeze_s": 15.0}
SELDOM = {"disorder": 0.0012, "crossed": 0.0012, "scaled": 0.0012, "freezes_per_h": 6.0, "freeze_s": 15.0}


def run(session: Session, defects: dict[str, float], seconds: float, seed: int) -> tuple[Kept, Engine, list[Quote]]:
    """A dry run over a spoilt market; its quotes as they came."""
    events: list[Event] = market(session, seconds, seed, defects=defects)
    kept = Kept()
    driver = Driver(engine(session, kept), machine_of(session, START))
    driver.start(START)
    driver.run(copied(events))
    return kept, driver.engine, [each for each in events if isinstance(each, Quote)]


def by_hand(quotes: Iterable[Quote]) -> Counter[str]:
    """Defects of a feed that states 157 or so: what stands crossed, a hundred times too high, or is stamped before
    something seen; an exact repeat of the last one in order is none."""
    found: Counter[str] = Counter()
    latest, last = -1, (0.0, 0.0)
    for each in quotes:
        if each.ts_event < latest:
            found["older"] += 1
        elif (each.ts_event, (each.bid, each.ask)) == (latest, last):
            found["repeat"] += 1
        else:
            latest, last = each.ts_event, (each.bid, each.ask)
            found["crossed"] += each.bid > each.ask
            found["scaled"] += each.bid > 1_000
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_every_defect_is_counted(session: Session, seed: int) -> None:
    _, running, quotes = run(session, OFTEN, 600, seed)
    expected = by_hand(quotes)
    assert min(expected[each] for each in ("older", "repeat", "crossed", "scaled")) > 5, "the feed is bad enough"
    assert running.markets["USD_JPY"].frame.defects == expected.total() - expected["repeat"]


@pytest.fixture(scope="module", params=[1, 2])
def spoilt(session: Session, request: pytest.FixtureRequest) -> tuple[Kept, Engine, list[Quote]]:
    return run(session, SELDOM, 2400, request.param)


def test_defects_are_noted(spoilt: tuple[Kept, Engine, list[Quote]]) -> None:
    kept, running, _ = spoilt
    told = [line[1]["message"] for line in kept.only("note") if "left out" in line[1]["message"]]
    assert len(told) > 5
    assert told[-1].endswith(f"{running.markets['USD_JPY'].frame.defects} so far")


def test_no_order_rests_on_a_defective_quote(spoilt: tuple[Kept, Engine, list[Quote]]) -> None:
    """What was decided was decided at a price of the market, not a hundred times it, nor crossed."""
    kept, _, _ = spoilt
    sent = [each for each in kept.decisions if each.outcome == "sent"]
    assert len(sent) > 10
    for each in sent:
        assert 150 < each.figures["mid"] < 165
        assert each.figures["spread"] >= 0
    bad = {each.seq for each in kept.events if isinstance(each, Quote) and (each.bid > each.ask or each.bid > 1_000)}
    assert len(bad) > 5
    assert not [each for each in sent if each.seq in bad], "a defective quote sets off nothing"


def test_features_are_unknown_after_a_defect(spoilt: tuple[Kept, Engine, list[Quote]]) -> None:
    kept, _, _ = spoilt
    texts: list[Any] = [line[1]["unknown"] for line in kept.only("change")]
    texts += [text for each in kept.decisions for verdict in each.verdicts for text in verdict.unknowns]
    assert any("series defect" in text for text in texts)


def test_fills_are_at_prices_of_the_market(spoilt: tuple[Kept, Engine, list[Quote]]) -> None:
    _at_prices_of_the_market(spoilt[0])


def test_fills_are_at_prices_of_the_market_when_quotes_are_repeated(session: Session) -> None:
    kept, _, _ = run(session, {"repeat": 0.2, "scaled": 0.004}, 1200, 1)
    _at_prices_of_the_market(kept)


def _at_prices_of_the_market(kept: Kept) -> None:
    fills = [each for each in kept.events if isinstance(each, Fill)]
    assert len(fills) > 10
    assert all(150 < each.price < 165 for each in fills)
