"""Rate limits of venues, by hand."""

from __future__ import annotations

from adapters.simulation.limits import RateLimit

SECOND = 1_000_000_000


def test_a_call_is_refused_until_the_window_has_room() -> None:
    """Three in a second: calls at 0.0, 0.4 and 0.8 s; 0.9 is refused, 1.0 has room (0.0 is out), 1.3 has none."""
    limit = RateLimit(3, 1)
    times = [0, 4, 8, 9, 10, 13, 14]
    assert [limit.take("a", tenths * SECOND // 10) for tenths in times] == [True, True, True, False, True, False, True]
    assert limit.used("a", 14 * SECOND // 10) == 3
    assert limit.take("b", 0)


def test_nought_is_no_limit() -> None:
    assert all(RateLimit(0, 1).take("a", 0) for _ in range(1000))
