"""Every code that the engine gives has a page, and every page among its decisions is given by it."""

from __future__ import annotations

from ruleengine.diagnostics.catalogue import PAGES, decisions
from ruleengine.runtime import codes


def test_the_engines_codes_and_their_pages_are_the_same() -> None:
    given = {value for name, value in vars(codes).items() if name.isupper()}
    assert {row[0] for row in decisions._ROWS} <= given
    assert given <= PAGES.keys()
