"""Other accounts and instruments: netting, contracts, several currencies. The driver's book stays the venue's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.paper.broker import PaperVenue
from ruleengine.backends.scalar import ScalarProgram
from ruleengine.graph.from_typed import from_typed
from ruleengine.load import load_bytes
from ruleengine.model.audit import Audit
from ruleengine.model.event import Event, Quote
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import VenueSetup
from ruleengine.runtime.driving.drive import Driver
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.figures import figures_graph
from ruleengine.runtime.plan.plan import make_plan
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from tests.runtime.engine.world import HEAD, SECOND, T0, USD_JPY, orders

EUR_USD = Instrument(
    "EUR_USD", "fx", "EUR", "USD", pip=Decimal("0.0001"), tick=Decimal("0.00001"), margin_rate=Decimal("0.04"),
    sessions="always",
)  # fmt: skip
SWAP = Instrument(
    "BTC-USDT-SWAP", "perpetual", "BTC", "USDT", pip=Decimal("0.1"), tick=Decimal("0.1"), lot=Decimal("0.1"),
    min_size=Decimal("0.1"), margin_rate=Decimal("0.1"), contract_size=Decimal("0.01"), size_unit="contracts",
)  # fmt: skip


class Run:
    """An engine and a paper venue over some instruments."""

    def __init__(self, rules: str, specs: tuple[Instrument, ...], account: dict[str, Any]) -> None:
        names = ", ".join(spec.name for spec in specs)
        text = HEAD.replace("currency: JPY", f"currency: {account['currency']}").replace("[USD_JPY]", f"[{names}]")
        document, found = load_bytes((text + rules).encode(), "test.policy.yaml")
        assert document is not None, found
        policy, found = shape(document)
        assert policy is not None, found
        typed, found = check(policy)
        assert typed is not None, [f"{each.span}: {each.message}" for each in found]
        graph = from_typed(typed)
        self.engine = Engine(
            make_plan(typed, graph, ScalarProgram(graph)), specs, account, None, run_id="r", policy_digest="d",
            figures=ScalarProgram(figures_graph(policy)),
        )  # fmt: skip
        self.venue = PaperVenue(VenueSetup(account, specs, 1, {"ignore_sessions": True}, T0))
        self.told: list[tuple[Event, Audit]] = []
        self.driver = Driver(self.engine, self.venue, lambda event, audit: self.told.append((event, audit)))
        self.driver.start(T0)
        self.now = 0

    def quote(self, name: str, bid: float, ask: float, after: int = 3) -> list[Audit]:
        before = len(self.told)
        self.now += after
        ts = T0 + self.now * SECOND
        self.driver.run([Quote(ts, ts, name, bid, ask)])
        return [audit for _, audit in self.told[before:]]

    def sent(self) -> list[tuple[Any, ...]]:
        found = [order for _, audit in self.told for order in orders(audit)]
        return [(order.instrument, order.side.value, order.units, order.trade_id) for order in found]


def account(**more: Any) -> dict[str, Any]:
    return {"name": "test", "currency": "JPY", "mode": "hedging", "balance": "1000000", **more}


def test_on_a_netting_account_exits_reduce_the_position() -> None:
    rules = """
entries:
  - {id: low, source: market, when: mid <= 157, side: long, strategy: TrendMA, size: 10_000units, max_open: 1}
exits:
  - id: out
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 5pips, close: 50%}
      - {when: trade.pnl_pips >= 10pips, close: 100%}
    on_unknown: {wait: 1s, then: alert}
"""
    run = Run(rules, (USD_JPY,), account(mode="netting"))
    run.quote("USD_JPY", 157.0, 157.0)
    run.quote("USD_JPY", 157.05, 157.05)
    run.quote("USD_JPY", 157.06, 157.06)
    assert [trade.units for trade in run.engine.holdings.trades.values()] == [5_000]
    run.quote("USD_JPY", 157.1, 157.1)
    assert run.sent() == [
        ("USD_JPY", "long", 10_000, ""), ("USD_JPY", "short", 5_000, ""), ("USD_JPY", "short", 5_000, ""),
    ]  # fmt: skip
    assert run.venue.snapshot().trades == ()
    assert run.engine.holdings.balance == Decimal(1_000_000 + 250 + 500)


def test_contracts_are_the_venues_and_base_units_the_rules() -> None:
    """0.0123 BTC is 1.23 contracts of 0.01: 1.2 on the grid; half of it 0.6."""
    rules = """
entries:
  - {id: low, source: market, when: mid <= 60000, side: short, strategy: TrendMA, size: 0.0123units, max_open: 1}
exits:
  - {id: out, for_each: trade, when: trade.pnl >= 1USDT, close: 50%, on_unknown: {wait: 1s, then: alert}}
"""
    run = Run(rules, (SWAP,), account(currency="USDT", mode="netting", balance="10000"))
    run.quote(SWAP.name, 60_000.0, 60_000.0)
    assert [frame.units for frame in run.engine.desk.own_trades()] == [0.012]
    run.quote(SWAP.name, 59_916.7, 59_916.7)  # 83.3 × 0.012 = 0.9996
    run.quote(SWAP.name, 59_916.6, 59_916.6)  # 83.4 × 0.012 = 1.0008
    assert run.sent() == [
        (SWAP.name, "short", Decimal("1.2"), ""), (SWAP.name, "long", Decimal("0.6"), ""),
    ]  # fmt: skip
    assert [trade.units for trade in run.engine.holdings.trades.values()] == [Decimal("0.6")]


def test_money_of_another_currency_waits_for_its_rate() -> None:
    """EUR/USD on a yen account: 10,000 × 1.1 × 150 × 4 % = 66,000 JPY; before the first USD/JPY quote it is unknown."""
    rules = """
entries:
  - {id: eur, source: market, when: instrument.name == EUR_USD and account.margin_used < 66_001JPY, side: long,
     strategy: TrendMA, size: 10_000units, max_open: 1}
caps:
  - {id: margin, applies_to: {intent: entry}, limit: account.margin_used_after <= 60_000JPY}
"""
    run = Run(rules, (EUR_USD, USD_JPY), account(conversion={"USD": {"instrument": "USD_JPY"}}))
    first = run.quote("EUR_USD", 1.1, 1.1)
    assert not run.sent()
    assert any("instrument.quote_to_home" in text for audit in first for text in _unknowns(audit))
    run.quote("USD_JPY", 150.0, 150.0)
    assert run.sent() == [("EUR_USD", "long", 9_090, "")], "60,000 / (1.1 × 150 × 4 %) = 9,090.9"


def _unknowns(audit: Audit) -> list[str]:
    return [text for each in audit.decisions for verdict in each.verdicts for text in verdict.unknowns] + [
        change.unknown for change in audit.changes
    ]


def test_a_rule_on_the_account_follows_every_instrument() -> None:
    """What is lost on one instrument closes the trade on another, at the loser's quote."""
    rules = """
entries:
  - {id: both, source: market, when: mid > 0, side: long, strategy: TrendMA, size: 1_000units, max_open: 1}
exits:
  - {id: floor, for_each: trade, applies_to: {instrument: USD_JPY}, when: account.unrealised <= -3_000JPY,
     close: 100%, on_unknown: {wait: 10s, then: alert}}
"""
    run = Run(rules, (EUR_USD, USD_JPY), account(conversion={"USD": {"instrument": "USD_JPY"}}))
    run.quote("USD_JPY", 150.0, 150.0)
    run.quote("EUR_USD", 1.1, 1.1)
    assert len(run.sent()) == 2
    run.quote("EUR_USD", 1.0801, 1.0801)  # 1,000 × −0.0199 × 150 = −2,985
    assert len(run.sent()) == 2
    run.quote("EUR_USD", 1.08, 1.08)
    instrument, side, units, _ = run.sent()[-1]
    assert (instrument, side, units) == ("USD_JPY", "short", 1_000)


@pytest.mark.parametrize("missing", ["USD"])
def test_a_currency_without_a_rate_says_what_to_write(missing: str) -> None:
    rules = """
entries:
  - {id: eur, source: market, when: mid > 0, side: long, strategy: TrendMA, size: 1_000units, max_open: 1}
"""
    with pytest.raises(ValueError, match=f"no conversion from {missing} to the account's JPY"):
        Run(rules, (EUR_USD,), account())
