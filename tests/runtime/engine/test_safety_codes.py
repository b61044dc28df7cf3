"""Every code that protections and alerts give has a page, and every such page is given by them."""

from __future__ import annotations

from ruleengine.diagnostics.catalogue import PAGES, safety
from ruleengine.runtime import safety_codes


def test_their_codes_and_pages_are_the_same() -> None:
    given = {value for name, value in vars(safety_codes).items() if name.isupper()}
    assert given == {row.code for row in safety.ROWS}
    assert given <= PAGES.keys()
