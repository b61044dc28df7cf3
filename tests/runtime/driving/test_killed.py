"""A run is killed at every place of an order's life, and goes on from its journal: nothing is accepted twice, the
position is the venue's to the unit, and what is sent in the end is what an undisturbed run sends.

120 cases: 4 intents × (3 outcomes × 6 places before the venue answers, and between answers 4 × 1 where it fills whole
and 4 × 2 where it fills a part). Fault table, row 1, for engine and journal; adapters have their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ruleengine.journal import JournalReader, journal_at, verify
from ruleengine.journal.events import from_input
from ruleengine.model.order import Order
from ruleengine.runtime.engine import Engine
from tests.runtime.driving.killed import Killed, Place, go_on, maker, run
from tests.runtime.driving.wire import Wire, by_side, quotes
from tests.runtime.engine.world import T0, trade

RULES = {
    "entry": """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units, max_open: 1}
""",
    "pyramid": """
pyramids:
  - {id: win, source: market, when: position.gain_over_first >= 5bps, size: 50% of position.initial_units, most: 1}
""",
    "hedge": """
hedges:
  - {id: against, when: "mid > 157.05 and position.short_units < 400units", open: {side: short, size: 400units,
     strategy: TrendMA}}
""",
    "exit": """
exits:
  - {id: gain, for_each: trade, when: trade.pnl_pips >= 5pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
""",
}
BEFORE = (
    Place("decided"),
    Place("intent"),
    Place("intent", is_on_disk=True),
    Place("sending", is_on_disk=True),
    Place("synced"),
    Place("submitted"),
)
REPLIES = {"fill": 2, "partial": 3, "reject": 1}


def places(outcome: str) -> Iterator[Place]:
    """Before the venue has it, and between its answers: heard and lost, or heard and written."""
    yield from BEFORE
    for reply in range(1, REPLIES[outcome]):
        for is_on_disk in (False, True):
            for hears_fill_first in (False, True):
                yield Place("reply", reply, is_on_disk, hears_fill_first)


CASES = [(intent, outcome, place) for intent in RULES for outcome in REPLIES for place in places(outcome)]


def test_so_many_cases_run() -> None:
    """Between answers: heard and lost or heard and written, the ack first or the fill; each against a calm run."""
    assert len(CASES) == 4 * ((6 + 4) + (6 + 8) + 6) == 120


def begun(intent: str, outcome: str, *, hears_fill_first: bool = False) -> Wire:
    held = () if intent == "entry" else (trade("1000", "157"),)
    return Wire(quotes(157.0, *[157.1] * 14, start=T0), held, outcome, hears_fill_first=hears_fill_first)


def sent(wire: Wire) -> list[tuple[str, Decimal, bool, str]]:
    """What the venue took, without what depends on when it was decided."""

    def plain(order: Order) -> tuple[str, Decimal, bool, str]:
        return order.side.value, order.units, order.is_reduce_only, order.trade_id

    return [plain(order) for order in wire.accepted]


def held(engine: Engine) -> dict[tuple[str, object], Decimal]:
    return {(lot.id, lot.side): lot.units for lot in engine.holdings.open_lots()}


@pytest.mark.parametrize(("intent", "outcome", "place"), CASES, ids=lambda each: str(each))
def test_a_run_that_is_killed_goes_on_as_if_it_had_not_been(
    tmp_path: Path, intent: str, outcome: str, place: Place
) -> None:
    rules = RULES[intent]
    calm = begun(intent, outcome)
    run(tmp_path / "calm", rules, calm)
    wire = begun(intent, outcome, hears_fill_first=place.hears_fill_first)
    with pytest.raises(Killed):
        run(tmp_path / "run", rules, wire, place)
    folder = tmp_path / "run" / "killed"
    found, loop = go_on(folder, rules, wire)
    engine = loop.engine
    # P1: nothing twice. P8: the position is the venue's. P6: the venue takes no reduction beyond what is there
    assert wire.doubles == 0
    assert len({order.id for order in wire.accepted}) == len(wire.accepted)
    assert held(engine) == by_side(list(wire.book.values()))
    assert sent(wire) == sent(calm)
    assert by_side(list(wire.book.values())) == by_side(list(calm.book.values()))
    # P2: nothing is left open
    assert loop.out == []
    assert engine.contact.is_sure
    # what proves that it did not leave is the missing step of sending it; what has one is asked for
    if place.at in ("decided", "intent"):
        assert found.restart.sent == []
    if place.at in ("sending", "synced", "submitted"):
        assert len(found.restart.sent) == 1
        assert found.restart.unsent == []
    _replays(folder, rules, engine)


def _replays(folder: Path, rules: str, engine: Engine) -> None:
    """P7: the whole journal, the restart in it, leads to the same state and to every decision in it."""
    assert verify(journal_at(folder), account="test").is_sound
    again = maker(rules)("run", None)
    again.desk.seq = 0
    decided: list[str] = []
    with JournalReader(journal_at(folder)) as reader:
        recorded = [row.key for row in reader.rows(kinds=("check",))]
        for each in reader.replay():
            decided += [decision.id for decision in again.process(from_input(each)).decisions]
    assert decided == recorded
    assert again.orders.state() == engine.orders.state()
    assert held(again) == held(engine)
