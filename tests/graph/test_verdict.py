"""A trigger's `when` alone: it ends where the answer is known, and nothing behind that is read."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.model.unknown import Reason, Unknown
from tests.graph.policies import graph_of

TABLE = """
tables:
  wide:
    by: [trade.strategy]
    columns: {least: {unit: pips}}
    rows:
      - {when: {trade.strategy: M1Scalper}, values: {least: 3pips}}
      - {otherwise: true, values: {least: 9pips}}
"""
EXIT = """
exits:
  - {id: it, for_each: trade, when: WHEN, close: 100%, on_unknown: {wait: 1s, then: alert}}
"""
ASKED_TWICE = "(account.balance < 5_000JPY or account.balance > 9_000_000JPY)"
"""A value that is needed more than once has a local of its own."""
OPEN = {"side": "long", "sign": 1, "entry_price": 150.0, "strategy": "M1Scalper"}


class Touched(Exception):
    """Something was read that nobody needed."""


class Untouched:
    def __getattr__(self, name: str) -> Any:
        raise Touched(name)


def asked(when: str) -> Callable[..., Any]:
    """The verdict of a trade's exit, with the bid and the account as given."""
    program = ScalarProgram(
        graph_of(TABLE * ("wide" in when) + EXIT.replace("WHEN", when.replace("POOR", ASKED_TWICE)))
    )
    (name,) = program.verdicts

    def ask(bid: object, account: object) -> Any:
        market = SimpleNamespace(bid=bid, ask=151.0, pip=0.01, quote_to_home=1.0)
        return program.verdicts[name](SimpleNamespace(m=market, t=SimpleNamespace(**OPEN), a=account))  # type: ignore[arg-type]

    return ask


POOR = SimpleNamespace(balance=100.0)


@pytest.mark.parametrize(
    ("when", "bid"),
    [
        ("trade.pnl_pips < 0pips and POOR", 150.0),
        ("trade.pnl_pips > 0pips or POOR", 150.01),
        ("trade.pnl_pips > 0pips or (trade.pnl_pips == 0pips and POOR)", 149.0),
        ("trade.pnl_pips > 0pips if trade.pnl_pips > -5pips else POOR", 150.0),
        ("trade.pnl_pips >= wide.least and POOR", 150.02),
    ],
)
def test_what_is_not_needed_is_not_read(when: str, bid: float) -> None:
    ask = asked(when)
    assert ask(bid, Untouched()) is ask(bid, POOR)


@pytest.mark.parametrize(
    ("when", "bid", "verdict"),
    [
        ("trade.pnl_pips < 0pips and POOR", 149.99, True),
        ("trade.pnl_pips > 0pips or POOR", 150.0, True),
        ("trade.pnl_pips > 0pips if trade.pnl_pips > -5pips else POOR", 149.90, True),
        ("trade.pnl_pips >= wide.least and POOR", 150.03, True),
        ("trade.pnl_pips >= wide.least and account.balance < 50JPY", 150.03, False),
    ],
)
def test_what_is_needed_is_read(when: str, bid: float, verdict: bool) -> None:
    ask = asked(when)
    assert ask(bid, POOR) is verdict
    with pytest.raises(Touched):
        ask(bid, Untouched())


def test_an_unknown_before_the_answer_is_told_unless_something_behind_it_decides() -> None:
    """`unknown and false` is false, `unknown and true` unknown."""
    ask = asked("trade.pnl_pips < 0pips and POOR")
    gone = Unknown(Reason.STALE, "bid")
    assert ask(gone, SimpleNamespace(balance=5_000.0)) is False
    assert gone.same_as(ask(gone, POOR))
