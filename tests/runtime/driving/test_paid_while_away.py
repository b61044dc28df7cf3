"""Money that was paid in or out while no engine ran: the bases of drawdown and the day's result move as they would have
had it run, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.journal import JournalReader, journal_at
from ruleengine.model.event import CashChange, Fill
from ruleengine.ports.venue import VenueError
from ruleengine.runtime.engine import Engine
from tests.runtime.driving.killed import Dying, Killed, go_on, run
from tests.runtime.driving.wire import BALANCE, Connected, Telling, Wire, quotes
from tests.runtime.engine.world import SECOND, T0

CAREFUL = """
entries:
  - {id: rise, source: market, when: mid > 157.05 and account.drawdown < 5% and account.day_pnl_ratio > -5%, side: long,
     strategy: TrendMA, size: 3_000units, max_open: 1}
"""


def begun(folder: Path, wire: Wire) -> Path:
    """The folder of a run that saw 157.0 and ended: no entry, 500,000 JPY."""
    run(folder / "run", CAREFUL, wire)
    assert wire.accepted == []
    return folder / "run"


def a_wire() -> Wire:
    return Wire(quotes(157.0, 157.0, start=T0))


def rises(wire: Wire, to: float = 157.1) -> Wire:
    """Prices at which the rule enters, from now on."""
    wire.quotes.extend(quotes(157.0, to, start=wire.now + SECOND))
    return wire


def calm(wire: Wire) -> Wire:
    return rises(wire, 157.0)


def bases(engine: Engine) -> tuple[float, float, float]:
    """Highest equity, and of the day its start and highest."""
    account = engine.holdings.account
    return account.peak_equity, account.day_start_equity, account.day_peak_equity


def told(folder: Path) -> list[tuple[str, int]]:
    """Changes of money in the record."""
    with JournalReader(journal_at(folder)) as reader:
        rows = [row.body for row in reader.rows(kinds=("event",)) if row.body["type"] == "cash"]
    return [(row["id"], int(row["amount"])) for row in rows]


@pytest.mark.parametrize("amount", [-100_000, 50_000])
def test_what_was_paid_while_nobody_ran_is_neither_loss_nor_gain(tmp_path: Path, amount: int) -> None:
    # 500,000 less 100,000 would be a drawdown and a day's loss of 20 %, and no entry; with 50,000 more a day's gain
    wire = a_wire()
    folder = begun(tmp_path, wire)
    wire.pay(amount, "77")
    _, loop = go_on(folder, CAREFUL, rises(wire), venue=Telling(wire))
    assert len(wire.accepted) == 1
    assert bases(loop.engine) == (500_000 + amount,) * 3
    assert told(folder) == [("77", amount)]


def test_over_several_restarts_it_counts_once(tmp_path: Path) -> None:
    wire = a_wire()
    folder = begun(tmp_path, wire)
    for number in range(3):
        wire.pay(-10_000, f"8{number}")
        _, loop = go_on(folder, CAREFUL, calm(wire), venue=Telling(wire))
        assert bases(loop.engine) == (500_000 - 10_000 * (number + 1),) * 3
    assert told(folder) == [("80", -10_000), ("81", -10_000), ("82", -10_000)]


def test_killed_between_the_payment_and_the_book_it_counts_once(tmp_path: Path) -> None:
    """Whether the record of it had reached the disk or not."""
    wire = a_wire()
    folder, copy = begun(tmp_path, wire), tmp_path / "copy"
    wire.pay(-100_000, "77")
    with pytest.raises(Killed):
        go_on(folder, CAREFUL, calm(wire), venue=Dying(wire, folder, copy))
    assert (len(told(copy)), len(told(folder))) == (0, 1)
    for place in (copy, folder):
        _, loop = go_on(place, CAREFUL, calm(wire), venue=Telling(wire))
        assert bases(loop.engine) == (400_000,) * 3
        assert told(place) == [("77", -100_000)]


def test_what_the_run_heard_itself_is_not_told_again_by_history(tmp_path: Path) -> None:
    wire = a_wire()
    folder = begun(tmp_path, wire)
    venue = Telling(calm(wire))
    venue.replies.append(wire.pay(-100_000, "77"))
    go_on(folder, CAREFUL, wire, venue=venue)
    _, loop = go_on(folder, CAREFUL, calm(wire), venue=Telling(wire))
    assert bases(loop.engine) == (400_000,) * 3
    assert told(folder) == [("77", -100_000)]


def test_what_was_paid_before_the_first_start_is_no_news(tmp_path: Path) -> None:
    wire = a_wire()
    wire.pay(50_000, "5")
    folder = begun(tmp_path, wire)
    _, loop = go_on(folder, CAREFUL, calm(wire), venue=Telling(wire))
    assert bases(loop.engine) == (550_000,) * 3
    assert told(folder) == []


def test_where_the_venue_cannot_tell_the_difference_is_told_and_nothing_is_guessed(tmp_path: Path) -> None:
    wire = a_wire()
    folder = begun(tmp_path, wire)
    wire.pay(-100_000, "77")
    _, loop = go_on(folder, CAREFUL, rises(wire), venue=Connected(wire))
    assert wire.accepted == []
    assert bases(loop.engine)[0] == float(BALANCE)
    assert told(folder) == []
    with JournalReader(journal_at(folder)) as reader:
        notes = [row.body["message"] for row in reader.rows(kinds=("note", "defect"))]
    assert any("balance" in each and "400000" in each for each in notes)


def test_a_history_that_cannot_be_had_leaves_no_position_without_exits(tmp_path: Path) -> None:
    """The run goes on, and says it; the balance differs, and what looks like a drawdown keeps entries back."""

    class Away(Telling):
        async def past(self, since_ns: int) -> Sequence[Fill | CashChange]:
            raise VenueError("try again later", code="503")

    wire = a_wire()
    folder = begun(tmp_path, wire)
    wire.pay(-100_000, "77")
    trouble: list[Diagnostic] = []
    _, loop = go_on(folder, CAREFUL, rises(wire), venue=Away(wire), on_trouble=trouble.append)
    assert [(each.code, each.message) for each in trouble] == [
        ("RE519", "what filled and was paid meanwhile could not be had: 503 try again later")
    ]
    assert loop.engine.contact.is_sure
    assert wire.accepted == []
    assert told(folder) == []
    with JournalReader(journal_at(folder)) as reader:
        said = [row.body["message"] for row in reader.rows(kinds=("defect",))]
    assert any("balance" in each and "400000" in each for each in said)


def test_a_change_that_comes_twice_counts_once(tmp_path: Path) -> None:
    wire = a_wire()
    folder = begun(tmp_path, wire)
    venue = Telling(calm(wire))
    paid = wire.pay(-100_000, "77")
    venue.replies.extend([paid, CashChange(paid.ts, paid.ts_event, paid.amount, paid.reason, id="77")])
    _, loop = go_on(folder, CAREFUL, wire, venue=venue)
    assert bases(loop.engine) == (400_000,) * 3
    assert loop.engine.holdings.balance == 400_000
