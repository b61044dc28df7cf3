"""Trades that stops or people closed while no engine ran: history tells what they came to, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ruleengine.journal import JournalReader, journal_at
from ruleengine.model.event import Event, Fill
from ruleengine.model.unknown import known
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.orders import seen_fills
from tests.runtime.driving.killed import Dying, Killed, go_on, run
from tests.runtime.driving.wire import Connected, Telling, Wire, quotes
from tests.runtime.engine.world import SECOND, T0, trade

RULES = """
entries:
  - {id: rise, source: market, when: mid > 157.05 and count(t for t in closed if t.pnl < 0) == 0, side: long,
     strategy: TrendMA, size: 3_000units, max_open: 1}
exits:
  - {id: half, for_each: trade, when: mid < 156.8, close: 50%, on_unknown: {wait: 30s, then: alert}}
"""


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    """A run has bought 3,000 at 157 as trade 101, and ended."""
    made = Wire(quotes(157.0, 157.1, start=T0))
    run(tmp_path / "run", RULES, made)
    assert [(each.side.value, int(each.units)) for each in made.accepted] == [("long", 3_000)]
    return made


@pytest.fixture
def folder(wire: Wire, tmp_path: Path) -> Path:
    return tmp_path / "run"


def again(folder: Path, wire: Wire, venue: Connected, price: float = 157.0) -> Engine:
    """The next run, which hears the price three times."""
    wire.quotes.extend(quotes(price, price, price, start=wire.now + SECOND))
    _, loop = go_on(folder, RULES, wire, venue=venue)
    return loop.engine


def fills(folder: Path) -> list[tuple[str, str, int]]:
    """In the record: the venue's number, the trade, units."""
    with JournalReader(journal_at(folder)) as reader:
        rows = [row.body for row in reader.rows(kinds=("event",)) if row.body["type"] == "fill"]
    return [(row["fill_id"], row["trade_id"], int(row["units"])) for row in rows]


def closed(engine: Engine) -> list[tuple[str, str, object, object]]:
    """Trades that ended: number, what ended it, price and result as far as they are known."""
    return [
        (each.id, each.rule, *(figure if known(figure) else None for figure in (each.exit_price, each.pnl)))
        for each in engine.holdings.closed.frames
    ]


def test_a_stop_that_filled_while_nobody_ran_has_its_figures(folder: Path, wire: Wire) -> None:
    wire.close("101", 3_000, "156.9")
    engine = again(folder, wire, Telling(wire), 157.2)
    # 3,000 × (156.9 - 157)
    assert closed(engine) == [("101", "stop", pytest.approx(156.9), pytest.approx(-300.0))]
    assert engine.holdings.balance == 500_000 - 300
    assert engine.contact.is_sure
    assert len(wire.accepted) == 1, "a loss stands in the way of the entry, and is known before the first price"
    assert fills(folder) == [("f101", "101", 3_000), ("f102", "101", 3_000)]


def test_over_several_restarts_it_counts_once(folder: Path, wire: Wire) -> None:
    for number, price in enumerate(("156.9", "157.3", "156.7"), 1):
        wire.close("101", 1_000, price)
        engine = again(folder, wire, Telling(wire))
        assert len(fills(folder)) == 1 + number
    # 1,000 × (-0.1 + 0.3 - 0.3), at (156.9 + 157.3 + 156.7) / 3
    assert closed(engine) == [("101", "stop", pytest.approx(156.966667), pytest.approx(-100.0))]
    assert engine.holdings.balance == 500_000 - 100


def test_a_reduction_while_nobody_ran_is_no_base_of_a_share(folder: Path, wire: Wire) -> None:
    """2,000 were closed: half of what is left is 500."""
    wire.close("101", 2_000, "156.9")
    again(folder, wire, Telling(wire), 156.7)
    assert [(each.side.value, int(each.units)) for each in wire.accepted[1:]] == [("short", 500)]


def test_fills_of_ours_are_not_told_again_though_history_has_no_name_for_them(folder: Path, wire: Wire) -> None:
    before = fills(folder)
    for _ in range(2):
        engine = again(folder, wire, Telling(wire))
    assert fills(folder) == before == [("f101", "101", 3_000)]
    assert [lot.units for lot in engine.holdings.open_lots()] == [3_000]


def test_killed_between_the_past_and_the_book_it_counts_once(folder: Path, wire: Wire, tmp_path: Path) -> None:
    """Whether the record of it had reached the disk or not."""
    copy = tmp_path / "copy"
    wire.close("101", 3_000, "156.9")
    with pytest.raises(Killed):
        again(folder, wire, Dying(wire, folder, copy))
    assert (len(fills(copy)), len(fills(folder))) == (1, 2)
    for place in (copy, folder):
        engine = again(place, wire, Telling(wire))
        assert closed(engine) == [("101", "stop", pytest.approx(156.9), pytest.approx(-300.0))]
        assert engine.holdings.balance == 500_000 - 300
        assert len(fills(place)) == 2


def changed(wire: Wire, **figures: object) -> None:
    made = wire.past[-1]
    assert isinstance(made, Fill)
    wire.past[-1] = replace(made, **figures)  # type: ignore[arg-type]


@pytest.mark.parametrize("figures", [{"fill_id": ""}, {"instrument": "EUR_USD"}, {"ts_event": T0 - 2 * SECOND}])
def test_what_may_have_been_told_or_is_not_ours_to_tell_is_left_out(
    folder: Path, wire: Wire, figures: dict[str, object]
) -> None:
    """Without a number, of another instrument, from before the first book: the book alone says what there is."""
    wire.close("101", 3_000, "156.9")
    changed(wire, **figures)
    engine = again(folder, wire, Telling(wire))
    assert len(fills(folder)) == 1
    assert engine.holdings.open_lots() == []
    assert engine.holdings.balance == 500_000 - 300


def test_of_a_fill_that_closes_several_trades_all_parts_are_told(tmp_path: Path) -> None:
    """They have one number."""
    wire = Wire(quotes(157.0, 157.1, 157.1, 157.1, start=T0))
    rules = RULES.replace("max_open: 1", "max_open: 2")
    run(tmp_path / "run", rules, wire)
    assert sorted(wire.book) == ["101", "102"]
    for name, number in (("101", "f900"), ("102", "f900")):
        wire.close(name, 3_000, "156.9")
        changed(wire, fill_id=number)
    wire.quotes.extend(quotes(157.0, start=wire.now + SECOND))
    _, loop = go_on(tmp_path / "run", rules, wire, venue=Telling(wire))
    assert [each[::3] for each in closed(loop.engine)] == [
        ("101", pytest.approx(-300.0)), ("102", pytest.approx(-300.0)),
    ]  # fmt: skip


class Cut(Connected):
    """Killed behind what it is given to tell."""

    async def events(self) -> AsyncIterator[Event]:
        for event in self.replies:
            yield event
        raise Killed


def test_of_a_fill_of_which_a_part_was_told_the_rest_is_told(tmp_path: Path) -> None:
    """It closed two trades, and the run before was killed between its two parts."""
    folder, wire = tmp_path / "run", Wire(quotes(157.0, 157.1, 157.1, 157.1, start=T0))
    rules = RULES.replace("max_open: 1", "max_open: 2")
    run(folder, rules, wire)
    hearing, part = Cut(wire), wire.close("101", 3_000, "156.9")
    changed(wire, fill_id="f900")
    hearing.replies.append(replace(part, fill_id="f900"))
    wire.close("102", 3_000, "156.9")
    changed(wire, fill_id="f900", ts_event=part.ts_event)
    with pytest.raises(Killed):
        go_on(folder, rules, wire, venue=hearing)
    wire.quotes.extend(quotes(157.0, start=wire.now + SECOND))
    for _ in range(2):
        _, loop = go_on(folder, rules, wire, venue=Telling(wire))
        assert fills(folder)[2:] == [("f900", "101", 3_000), ("f900", "102", 3_000)]
    assert [each[::3] for each in closed(loop.engine)] == [
        ("101", pytest.approx(-300.0)), ("102", pytest.approx(-300.0)),
    ]  # fmt: skip


def test_what_is_recovered_and_what_history_tells_come_in_the_order_in_which_they_happened(tmp_path: Path) -> None:
    """An order that rested fills while nobody runs, between a stop before and a stop behind it: where the account nets,
    the first closes one trade and the second another."""
    folder, held = tmp_path / "run", (trade("1000", name="50", client_id=""), trade("1000", name="51", client_id=""))
    wire = Wire(quotes(157.0, 157.1, start=T0), held, outcome="rest")
    run(folder, RULES, wire)
    (order,) = wire.working.values()
    wire.close("50", 1_000, "156.9")
    wire.said[order.id].append(wire.fill(wire.working.pop(order.id), order.units))
    wire.close("51", 1_000, "156.8")
    again(folder, wire, Telling(wire))
    assert [name for _, name, _ in fills(folder)] == ["50", "102", "51"]


def test_what_is_older_than_the_fills_that_are_remembered_is_not_told_again(
    folder: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that remembers two counted three more, and was killed before another book."""
    monkeypatch.setattr(seen_fills, "SEEN_FILLS_MAX", 2)
    hearing = Cut(wire)
    hearing.replies += [wire.close("101", 500, "156.9") for _ in range(3)]
    with pytest.raises(Killed):
        go_on(folder, RULES, wire, venue=hearing)
    wire.close("101", 500, "156.9")
    engine = again(folder, wire, Telling(wire))
    assert [number for number, *_ in fills(folder)] == ["f101", "f102", "f103", "f104", "f105"]
    assert [lot.units for lot in engine.holdings.open_lots()] == [1_000]


def test_where_the_venue_cannot_tell_the_trade_is_closed_without_figures(folder: Path, wire: Wire) -> None:
    wire.close("101", 3_000, "156.9")
    engine = again(folder, wire, Connected(wire))
    assert closed(engine) == [("101", "outside", None, None)]
    assert engine.holdings.balance == 500_000 - 300
