"""Who knows one venue's adapter finds the same rooms in another one's (issue: the same file names in each)."""

from __future__ import annotations

from pathlib import Path

import pytest

ADAPTERS = Path(__file__).parents[2] / "adapters"
VENUES = ("oanda", "okx", "kis")
ROOMS = {
    "account", "adapter", "amending", "capabilities", "checks", "errors", "fills", "history", "hosts", "hours",
    "instruments", "orders", "prices", "reconcile", "venue",
}  # fmt: skip


@pytest.mark.parametrize("venue", VENUES)
def test_each_venue_over_a_network_has_the_same_rooms(venue: str) -> None:
    there = {path.stem for path in (ADAPTERS / venue).glob("*.py")}
    assert there >= ROOMS, f"missing in {venue}: {sorted(ROOMS - there)}"
    assert (ADAPTERS / venue / "simulator" / "__init__.py").is_file()


def test_what_all_of_them_have_is_listed_here() -> None:
    shared = set.intersection(*({path.stem for path in (ADAPTERS / venue).glob("*.py")} for venue in VENUES))
    assert shared - {"__init__"} == ROOMS
