"""The engine's margin is the venue's: `account.own_margin` of the facts against the paper venue's own arithmetic, and
FX-01's check values, each worked by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.paper.margin import MODELS, MarginModel, margin_required
from ruleengine.cli.accounts import AccountReader
from ruleengine.cli.engines import machine_of
from ruleengine.cli.session import Session
from ruleengine.model.event import Quote
from ruleengine.runtime.engine import Engine
from tests.runs.whole import START, engine, session_in

POLICY = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: margin, version: 1.0.0}
requires: {currency: JPY, instruments: [USD_JPY]}
strategies: {TrendMA: {has_exits: false}}
ownership: [qr-]
limits:
  max_order_units: 100_000units
  max_position_units: 100_000units
  price_collar: 50bps
  quote_age_max: 10s
  refusals: {count: 3, within: 60s, pause: 300s}
  repeated_execution: {orders: 5, within: 60s}
guards:
  - {id: any, applies_to: {intent: entry}, require: spread <= 5pips}
entries:
  - {id: from-signals, source: signal, when: signal.age <= 30s}
"""
ACCOUNT = """
apiVersion: ruleengine/v1
kind: Account
name: margin
currency: JPY
balance: 100_000_000JPY
mode: hedging
margin_model: %s
instruments: {USD_JPY: {margin_rate: 4%%}}
venue: {name: paper}
"""


Held = list[tuple[str, int]]
"""Side and units of each open trade."""


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Session]:
    """One session a model; `hedged_pct` with a share of 30 % and, as `half`, of 50 %."""
    stated: dict[str, str] = {model: f"{{model: {model}}}" for model in MODELS}
    stated["hedged_pct"] = "{model: hedged_pct, share: 30%}"
    stated["half"] = "{model: hedged_pct, share: 50%}"
    folder = tmp_path_factory.mktemp("margin")
    return {name: session_in(folder, POLICY, ACCOUNT % text) for name, text in stated.items()}


def holding(session: Session, held: Held) -> Session:
    """The same account with these trades open at 157."""
    rows = [
        {"instrument": "USD_JPY", "side": side, "units": str(units), "price": "157", "tag": "", "age_s": "3600",
         "client_id": f"qr-{number}"}
        for number, (side, units) in enumerate(held)
    ]  # fmt: skip
    return replace(session, account={**session.account, "trades": rows})


def running(session: Session, bid: float, ask: float) -> Engine:
    """An engine that took over the book and has seen one quote."""
    made = engine(session)
    made.adopt(machine_of(session, START).snapshot())
    made.process(Quote(START, START, "USD_JPY", bid, ask))
    return made


@pytest.mark.parametrize(
    ("model", "expected"),
    [("net", "31400"), ("max_side", "314000"), ("gross", "596600"), ("half", "172700")],
)
def test_fx01_check_values(sessions: dict[str, Session], model: str, expected: str) -> None:
    """Long 50,000 against short 45,000 at 157.00 and 4 %: 5,000 × 157 × 0.04 = 31,400 net; 50,000 → 314,000;
    95,000 → 596,600; |net| + 0.5 × 45,000 = 27,500 → 172,700."""
    session = holding(sessions[model], [("long", 50_000), ("short", 45_000)])
    figures = AccountReader(running(session, 156.996, 157.004)).figures()
    assert figures["margin_used"] == pytest.approx(float(expected), rel=1e-9)


SIDE_MODELS = tuple(model for model in MODELS if model != "isolated")
units = st.integers(min_value=1, max_value=2_000_000)
trades = st.lists(st.tuples(st.sampled_from(("long", "short")), units), max_size=5)


@settings(max_examples=100)
@given(model=st.sampled_from(SIDE_MODELS), held=trades, ticks=st.integers(80_000, 200_000), width=st.integers(0, 60))
def test_the_engines_margin_is_the_venues(
    sessions: dict[str, Session], model: MarginModel, held: Held, ticks: int, width: int
) -> None:
    bid, ask = Decimal(ticks) / 1000, Decimal(ticks + width) / 1000
    sides = {side: Decimal(sum(n for each, n in held if each == side)) for side in ("long", "short")}
    share = Decimal("0.3")
    expected = margin_required(model, sides["long"], sides["short"], (bid + ask) / 2, Decimal("0.04"), share=share)
    figures = AccountReader(running(holding(sessions[model], held), float(bid), float(ask))).figures()
    assert figures["margin_used"] == pytest.approx(float(expected), rel=1e-9, abs=1e-6)
