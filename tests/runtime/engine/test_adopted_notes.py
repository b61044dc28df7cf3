"""FX-16: what the opening book has that doesn't fit is told with the first event, once."""

from __future__ import annotations

from tests.runtime.engine.world import World, trade

ENTRY = """
entries:
  - {id: from-signal, source: signal, when: "true"}
"""


def codes(world: World, price: float, at: int) -> list[str]:
    return [note.code for note in world.quote(price, at=at).notes]


def test_a_strategy_that_nobody_declared_is_told_with_the_first_event() -> None:
    world = World(ENTRY, trades=(trade("1000", "157", strategy="Stranger", client_id="qr-1-micro-Stranger"),))
    assert codes(world, 157.0, 0) == ["RE560"]
    assert codes(world, 157.1, 1) == []


def test_a_book_that_fits_has_nothing_to_tell() -> None:
    assert codes(World(ENTRY, trades=(trade("1000", "157"),)), 157.0, 0) == []
