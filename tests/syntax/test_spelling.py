"""What a fault shows is the author's own text, and what it proposes is what was meant."""

from __future__ import annotations

import pytest

from ruleengine.diagnostics import Span
from ruleengine.syntax import parse


@pytest.mark.parametrize(
    ("text", "code", "message", "shown", "remedy"),
    [
        ("quote_age < 1d 2h", "RE318", "`2h` is not expected here", "2h", "is an operator (`and`"),
        ("spread < = 1pips", "RE310", "`< =` is no operator of this language", "< =", "write `<=`"),
        ("spread >  = 1pips", "RE310", "`> =` is no operator of this language", ">  =", "write `>=`"),
        ("spread = 1pips", "RE310", "`=` is no operator of this language", "=", "write `==`"),
        ("quote_age < 5m", "RE307", "unknown unit `m`", "m", "write `5min`"),
        ("quote_age < 5hours", "RE307", "unknown unit `hours`", "hours", "write `5h`"),
        ("spread < 5pip", "RE307", "unknown unit `pip`", "pip", "did you mean `pips`"),
    ],
)
def test_a_fault_speaks_of_what_was_written(text: str, code: str, message: str, shown: str, remedy: str) -> None:
    tree, (found,) = parse(text, Span("a", 1, 1, 1, len(text) + 1))
    assert tree is None
    assert (found.code, found.message) == (code, message)
    assert text[found.span.col - 1 : found.span.end_col - 1] == shown
    assert (found.help or "").startswith(remedy)
