"""`no_loss_close`: a constant, of a declared strategy."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import MINIMAL, findings, typed

EXIT = """
exits:
  - {id: old, for_each: trade, when: trade.age > 72h, close: 100%, on_unknown: {wait: 10s, then: close}}
  - {id: stop, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, may_lose: true,
     on_unknown: {wait: 10s, then: close}}
"""


def minimal(value: str) -> str:
    return MINIMAL.replace("M1Scalper: {pocket: scalp}", f"M1Scalper: {{pocket: scalp, no_loss_close: {value}}}")


@pytest.mark.parametrize(("value", "kept"), [("true", ("M1Scalper",)), ("false", None), ("not false", ("M1Scalper",))])
def test_the_exits_that_may_not_lose_know_whom_they_spare(value: str, kept: tuple[str, ...] | None) -> None:
    policy, found = typed(EXIT, minimal(value))
    assert found == []
    assert policy is not None
    assert [rule.constants.get("no_loss") for rule in policy.rules] == [kept, None]


def test_it_is_decided_before_the_market() -> None:
    assert findings(EXIT, minimal("mid > 1")) == [("RE337", "mid")]
    assert findings(EXIT, minimal("92%")) == [("RE335", "92%")]
