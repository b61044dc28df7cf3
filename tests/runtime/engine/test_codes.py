"""Every code that the engine gives has a page, and every page among its decisions is given by it."""

from __future__ import annotations

from ruleengine.diagnostics.catalogue import PAGES, decided_additions, decided_exits, decisions
from ruleengine.runtime import codes


def test_the_engines_codes_and_their_pages_are_the_same() -> None:
    given = {value for name, value in vars(codes).items() if name.isupper()}
    pages = {row.code for file in (decisions, decided_additions, decided_exits) for row in file.ROWS}
    assert pages <= given
    assert given <= PAGES.keys()
