"""The FX day's pause is the same for the engine and for the simulated venue, on every day of the week (OPS-07)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from adapters.paper.sessions import Calendar
from ruleengine.market.phase import Phase

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-03-08T16:58", "closed"),  # a Sunday
        ("2026-03-08T17:00", "paused"),
        ("2026-03-08T17:04", "paused"),
        ("2026-03-08T17:05", "open"),
        ("2026-03-11T16:58", "open"),  # a Wednesday
        ("2026-03-11T16:59", "paused"),
        ("2026-03-11T17:05", "open"),
        ("2026-03-13T16:58", "open"),  # a Friday
        ("2026-03-13T16:59", "paused"),
        ("2026-03-13T17:00", "closed"),
    ],
)
def test_the_day_changes_in_a_pause(at: str, phase: str) -> None:
    """OANDA fills nothing from 16:59 to 17:05 New York time; the week begins and ends at 17:00."""
    ts = int(datetime.fromisoformat(at).replace(tzinfo=NEW_YORK).timestamp()) * 1_000_000_000
    assert Phase("fx").at(ts) == phase
    assert Calendar("fx").is_open(ts) is (phase == "open")
