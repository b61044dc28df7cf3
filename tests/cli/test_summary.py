"""The result of a run, by what it began with."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ruleengine.cli.summary import Summary
from ruleengine.model.event import CashChange, Fill
from ruleengine.model.side import Side
from ruleengine.reports.fills import Fills
from tests.runtime.engine.world import SECOND, T0, World, trade

RULES = "entries: [{id: never, source: market, when: mid > 999, side: long, strategy: TrendMA, size: 1_000units}]\n"


def result(made: World, fills: Fills, *events: Any) -> dict[str, str]:
    """Rows of the result after these events and a price of 156.9."""
    session = cast(Any, SimpleNamespace(currency="JPY"))
    summary = Summary(session, made.engine, fills, [], "test", T0)
    summary.begin()
    for event in events:
        fills.heard(event)
        summary.take(made.feed(event))
    summary.take(made.quote(156.9))
    summary.close()
    return dict(summary._result().rows)


@pytest.mark.parametrize("has_trade", [False, True])
def test_a_run_that_goes_on_says_from_when_its_equity_counts(has_trade: bool) -> None:
    """3,000 long at 157, of which 1,000 were closed at 156.8 before the first price: −200; 50,000 were paid in. Without
    a trade equity needs no price, and all of it is in its change."""
    made = World(RULES, trades=(trade("3000"),) if has_trade else ())
    at = T0 + SECOND
    events: list[Any] = [CashChange(at, at, Decimal(60_000), "deposit", id="7")]
    events.append(CashChange(at, at, Decimal(-10_000), "withdrawal", id="8"))
    if has_trade:
        events.append(
            Fill(at, at, "USD_JPY", "", Side.SHORT, Decimal(1_000), Decimal("156.8"), "1", False, Decimal(-200))
        )
    rows = result(made, Fills("JPY"), *events)
    assert rows["paid in and out"] == "50,000 JPY"
    if has_trade:
        assert rows["realised, with fees and financing"] == "-200 JPY"
        assert "change of equity" not in rows
        assert rows["change of equity since the first price"] == "0 JPY"
    else:
        assert rows["realised, with fees and financing"] == "0 JPY"
        assert rows["change of equity"] == "50,000 JPY"


def test_where_nothing_was_paid_nothing_is_said_of_it() -> None:
    assert result(World(RULES), Fills("JPY")) == {
        "change of equity": "0 JPY", "realised, with fees and financing": "0 JPY",
    }  # fmt: skip
