"""Every limit of the order gate below, at and above its figure; what reductions pass; how sizes and prices round."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import PAGES
from ruleengine.model.event import AccountRead, OrderStatus, OrderUpdate
from ruleengine.model.order import Cleared, Intent, Refused
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.gate.gate import Gate, GatePrices
from ruleengine.runtime.gate.limits import worst_side_units
from ruleengine.runtime.orders.orders import Orders
from tests.runtime.account import (
    BTC_SWAP,
    INSTRUMENTS,
    LONG,
    SHORT,
    USD_JPY,
    make_holdings,
    make_intent,
    make_order,
    state_of,
)

SECOND = 1_000_000_000
NOW = 1_000 * SECOND
LIMITS = {
    "max_order_units": 100_000.0, "max_order_value": 20_000_000.0, "max_position_units": 200_000.0,
    "price_collar": 0.005, "orders_per_second": 5.0, "orders_per_minute": 60.0, "repeated_execution.orders": 20.0,
    "repeated_execution.within": 60.0, "refusals.count": 3.0, "refusals.within": 60.0, "refusals.pause": 300.0,
    "quote_age_max": 10.0,
}  # fmt: skip
PRICES = GatePrices(149.99, 150.01, 0.5, 1.0)
BTC_PRICES = GatePrices(50_000.0, 50_000.0, 0.5, 150.0)


class Bench:
    """A gate over an account, with one call to ask it."""

    def __init__(
        self, mode: str = "hedging", instruments: Any = None, limits: dict[str, float | None] | None = None
    ) -> None:
        kept = {name: value for name, value in {**LIMITS, **(limits or {})}.items() if value is not None}
        self.instruments = instruments or INSTRUMENTS
        self.gate = Gate(kept, self.instruments, currency="JPY", places={"max_order_units": Span("p.yaml", 9, 3, 9, 8)})
        self.holdings: Holdings = make_holdings(mode)
        self.orders = Orders(self.instruments)
        self.prices, self.now = PRICES, NOW

    def hold(self, *trades: Any) -> None:
        self.holdings.adopt(VenueSnapshot(0, Decimal(500_000), Decimal(0), trades))

    def ask(self, intent: Intent | None = None, units: str | None = None, **more: Any) -> Cleared | Refused:
        intent = intent or make_intent(**more)
        wanted = intent.units if units is None else Decimal(units)
        return self.gate.clear(intent, wanted, self.prices, self.holdings, self.orders, self.now)

    def code(self, intent: Intent | None = None, **more: Any) -> str:
        found = self.ask(intent, **more)
        return found.code if isinstance(found, Refused) else "cleared"

    def units(self, intent: Intent | None = None, **more: Any) -> Decimal:
        found = self.ask(intent, **more)
        assert isinstance(found, Cleared), found
        return found.order.units


def exit_of(trade: str, units: str, *, side: Any = SHORT, **more: Any) -> Intent:
    more.setdefault("rule", "exit-rule")
    return make_intent(more.pop("intent_id", "x1"), "exit", side, units, trade_id=trade, **more)


# --- size and value -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "code"), [("99999", "cleared"), ("100000", "cleared"), ("100001", "RE520")])
def test_order_units(units: str, code: str) -> None:
    assert Bench().code(units=units) == code


def test_a_refusal_carries_its_figures() -> None:
    """OPS-03: code, measured value, limit, distance in its own unit, policy line."""
    found = Bench().ask(units="100500")
    assert isinstance(found, Refused)
    assert (found.intent_id, found.code, found.rule, found.place) == (
        "i1",
        "RE520",
        "limits.max_order_units",
        "p.yaml:9:3",
    )
    held = found.comparison
    assert held is not None
    assert (held.left, held.right, held.distance, held.unit) == (100_500.0, 100_000.0, -500.0, "units")
    assert (held.text, held.verdict) == ("size <= limits.max_order_units", False)
    assert found.message == "order of 100500 units, at most 100000 are allowed"


@pytest.mark.parametrize(("units", "code"), [("9999", "cleared"), ("10000", "cleared"), ("10001", "RE521")])
def test_order_value(units: str, code: str) -> None:
    """At the ask of 150.01 (dearer than the middle) 10,000 units are worth 1,500,100 JPY."""
    assert Bench(limits={"max_order_value": 1_500_100.0}).code(units=units) == code


@pytest.mark.parametrize(("units", "code"), [("10000", "cleared"), ("10001", "RE521")])
def test_a_sell_is_worth_the_middle_where_the_bid_is_below(units: str, code: str) -> None:
    assert Bench(limits={"max_order_value": 1_500_000.0}).code(side=SHORT, units=units) == code


@pytest.mark.parametrize(("contracts", "code"), [("2.6", "cleared"), ("2.7", "RE521")])
def test_value_of_contracts_is_in_account_currency(contracts: str, code: str) -> None:
    """2.6 contracts × 0.01 × 50,000 USDT × 150 = 195,000 JPY; 2.7 are 202,500."""
    bench = Bench(limits={"max_order_value": 200_000.0})
    bench.prices = BTC_PRICES
    assert bench.code(units=contracts, instrument="BTC-USDT-SWAP") == code


@pytest.mark.parametrize(("contracts", "code"), [("9999", "cleared"), ("10000", "cleared"), ("10000.1", "RE520")])
def test_limits_in_units_are_base_units(contracts: str, code: str) -> None:
    bench = Bench(limits={"max_order_units": 100.0, "max_order_value": None})
    bench.prices = BTC_PRICES
    assert bench.code(units=contracts, instrument="BTC-USDT-SWAP") == code


@pytest.mark.parametrize(("units", "code"), [("500", "cleared"), ("501", "RE520")])
def test_the_venue_s_largest_order_counts_too(units: str, code: str) -> None:
    bench = Bench(instruments={**INSTRUMENTS, "USD_JPY": replace(USD_JPY, max_size=Decimal(500))})
    assert bench.code(units=units) == code


# --- exposure -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "code"), [("9999", "cleared"), ("10000", "cleared"), ("10001", "RE522")])
@pytest.mark.parametrize("fate", ["accepted", "unknown"])
def test_the_worst_case_counts_open_working_and_unknown(units: str, code: str, fate: str) -> None:
    """150,000 open and 40,000 out leave 10,000 of 200,000."""
    bench = Bench()
    bench.hold(state_of("t1", units="150000"), state_of("t2", SHORT, units="90000"))
    bench.orders.open(make_order("o1", units="40000", instrument="USD_JPY"), "d", "other", "entry", 1)
    bench.orders.on_update(OrderUpdate(1, 1, "o1", OrderStatus(fate)))
    if fate == "unknown":
        bench.gate = Gate(LIMITS, INSTRUMENTS, currency="JPY")
        assert bench.code(units=units) == "RE538", "an unknown fate refuses by itself"
        found = worst(bench, LONG, units)
        assert (found > 200_000) is (code != "cleared")
    else:
        assert bench.code(units=units) == code


def worst(bench: Bench, side: Any, units: str) -> Decimal:
    return worst_side_units(bench.holdings, bench.orders, "USD_JPY", side, Decimal(units))


def test_on_a_netting_account_a_side_begins_where_the_other_ends() -> None:
    """60,000 short: 260,000 bought make 200,000 long."""
    bench = Bench("netting", limits={"max_order_units": None, "max_order_value": None})
    bench.hold(state_of("t1", SHORT, units="60000"))
    assert bench.code(units="260001") == "RE522"
    assert bench.code(units="260000") == "cleared"
    assert worst(bench, LONG, "50000") == 0


@pytest.mark.parametrize(("units", "code"), [("10000", "cleared"), ("10001", "RE523")])
def test_the_account_s_side_is_worth_no_more_than_allowed(units: str, code: str) -> None:
    """100 contracts × 0.01 × 50,000 × 150 = 7,500,000 JPY and 10,000 × 150.01 = 1,500,100 JPY make 9,000,100."""
    bench = Bench(limits={"max_worst_case_exposure": 9_000_100.0})
    bench.hold(state_of("b1", units="100", price="50000", instrument="BTC-USDT-SWAP"), state_of("s", SHORT, "70000"))
    market = bench.holdings.markets["BTC-USDT-SWAP"]
    market.bid = market.ask = 50_000.0
    market.quote_to_home = 150.0
    assert bench.code(units=units) == code


def test_a_side_that_cannot_be_valued_refuses() -> None:
    bench = Bench(limits={"max_worst_case_exposure": 9e9})
    bench.hold(state_of("b1", units="100", price="50000", instrument="BTC-USDT-SWAP"))
    assert bench.code() == "RE526"


# --- prices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "code"), [("150.749", "cleared"), ("150.75", "cleared"), ("150.751", "RE524")])
def test_the_collar_on_a_limit_price(price: str, code: str) -> None:
    """0.5 % of the middle of 150 is 0.75."""
    assert Bench().code(order_type="limit", price=Decimal(price)) == code


@pytest.mark.parametrize(("ask", "code"), [(150.75, "cleared"), (150.76, "RE524")])
def test_the_collar_on_the_expected_fill(ask: float, code: str) -> None:
    """Bid 300 − ask, so that the middle stays 150."""
    bench = Bench()
    bench.prices = GatePrices(300.0 - ask, ask, 0.5, 1.0)
    assert bench.code() == code
    assert bench.code(side=SHORT, intent_id="i2") == code


def test_the_collar_is_said_in_percent() -> None:
    found = Bench().ask(order_type="limit", price=Decimal("151.5"))
    assert isinstance(found, Refused)
    assert found.message == "price is 1% from the middle, at most 0.5% is allowed"
    held = found.comparison
    assert held is not None
    assert (held.left, held.right, held.distance, held.unit) == (0.01, 0.005, -0.005, "ratio")


@pytest.mark.parametrize(("age", "code"), [(9.9, "cleared"), (10.0, "cleared"), (10.1, "RE525")])
def test_the_quote_s_age(age: float, code: str) -> None:
    bench = Bench()
    bench.prices = replace(PRICES, quote_age_s=age)
    assert bench.code() == code


NO_BID = Unknown(Reason.MISSING, "bid")


@pytest.mark.parametrize("slot", ["bid", "ask", "quote_age_s", "quote_to_home"])
@pytest.mark.parametrize("value", [None, NO_BID, float("nan"), float("inf")])
def test_an_unknown_figure_refuses_what_adds_risk(slot: str, value: Any) -> None:
    bench = Bench()
    bench.hold(state_of("t1"))
    bench.prices = replace(PRICES, **{slot: value})
    assert bench.code() == "RE526"
    assert bench.code(exit_of("t1", "5000")) == "cleared"


@pytest.mark.parametrize("value", [0.0, -1.0])
@pytest.mark.parametrize("slot", ["bid", "ask", "quote_to_home"])
def test_a_price_of_zero_is_no_price(slot: str, value: float) -> None:
    bench = Bench()
    bench.prices = replace(PRICES, **{slot: value})
    assert bench.code() == "RE526"


@pytest.mark.parametrize(
    "fields",
    [
        {"order_type": "limit"},
        {"order_type": "stop", "price": Decimal("-1")},
        {"stop": Decimal("0.0004"), "side": SHORT},
        {"target": Decimal("NaN")},
        {"target": Decimal(0)},
    ],
)
def test_an_order_without_a_usable_price(fields: dict[str, Any]) -> None:
    assert Bench().code(**fields) == "RE539"


@pytest.mark.parametrize(
    ("side", "kind", "stop", "target", "price"),
    [
        (LONG, "limit", "149.001", "151.000", "150.100"),
        (SHORT, "limit", "149.000", "151.001", "150.101"),
        (LONG, "stop", "149.001", "151.000", "150.101"),
        (SHORT, "stop", "149.000", "151.001", "150.100"),
    ],
)
def test_prices_go_to_the_tick_of_less_risk(side: Any, kind: Any, stop: str, target: str, price: str) -> None:
    """An opening limit is no worse, a stop order no sooner; attached stops and targets come nearer to the entry."""
    prices: dict[str, Any] = {"stop": Decimal("149.0005"), "target": Decimal("151.0005"), "price": Decimal("150.1005")}
    found = Bench().ask(make_intent(side=side, order_type=kind, **prices))
    assert isinstance(found, Cleared), found
    assert (found.order.stop, found.order.target, found.order.price) == (Decimal(stop), Decimal(target), Decimal(price))


@pytest.mark.parametrize(
    ("side", "kind", "price"),
    [(SHORT, "limit", "150.100"), (SHORT, "stop", "150.101"), (LONG, "limit", "150.101"), (LONG, "stop", "150.100")],
)
def test_a_reduction_s_price_comes_sooner(side: Any, kind: Any, price: str) -> None:
    bench = Bench()
    bench.hold(state_of("t1", side.opposite))
    intent = exit_of("t1", "5000", side=side, order_type=kind, price=Decimal("150.1005"), stop=Decimal(149))
    found = bench.ask(intent)
    assert isinstance(found, Cleared), found
    assert (found.order.price, found.order.stop) == (Decimal(price), None)


# --- the venue's minimum (SC-01) ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contracts", "code"), [("0.9", "RE533"), ("1.0", "cleared"), ("1.1", "cleared")])
def test_the_smallest_value_of_an_order(contracts: str, code: str) -> None:
    """1 contract × 0.01 × 500 USDT = 5 USDT."""
    bench = Bench()
    bench.prices = GatePrices(500.0, 500.0, 0.5, 150.0)
    assert bench.code(units=contracts, instrument="BTC-USDT-SWAP") == code


@pytest.mark.parametrize(("units", "code"), [("9.9", "RE532"), ("10", "cleared"), ("10.9", "cleared")])
def test_the_smallest_size_after_rounding_down(units: str, code: str) -> None:
    bench = Bench(instruments={**INSTRUMENTS, "USD_JPY": replace(USD_JPY, min_size=Decimal(10))})
    assert bench.code(units=units) == code


@pytest.mark.parametrize("minimum", [3, 5, 10])
@pytest.mark.parametrize(("cents", "code"), [(-1, "RE533"), (0, "cleared"), (1, "cleared")])
def test_a_partial_close_below_the_minimum_is_not_done(minimum: int, cents: int, code: str) -> None:
    """A contract of 1 USDT at price 1: n contracts are worth n USDT; 100 are held, so that nothing rounds to all."""
    spec = replace(
        BTC_SWAP, lot=Decimal("0.01"), min_size=Decimal("0.01"), min_value=Decimal(minimum), contract_size=Decimal(1)
    )
    bench = Bench(instruments={**INSTRUMENTS, spec.name: spec})
    bench.holdings.instruments[spec.name] = spec
    bench.hold(state_of("t1", units="100", price="1", instrument=spec.name))
    bench.prices = GatePrices(1.0, 1.0, 0.5, 150.0)
    wanted = str(Decimal(minimum) + Decimal(cents) / 100)
    assert bench.code(exit_of("t1", wanted, instrument=spec.name)) == code


@pytest.mark.parametrize(("is_full", "code"), [(False, "RE532"), (True, "cleared")])
def test_a_position_under_the_minimum_is_closed_whole_or_not(is_full: bool, code: str) -> None:
    spec = replace(BTC_SWAP, lot=Decimal("0.1"), min_size=Decimal(5))
    bench = Bench(instruments={**INSTRUMENTS, spec.name: spec})
    bench.hold(state_of("t1", units="4", price="1", instrument=spec.name))
    bench.prices = GatePrices(1.0, 1.0, 0.5, 150.0)
    assert bench.code(exit_of("t1", "2", instrument=spec.name, is_full_close=is_full)) == code


@pytest.mark.parametrize(
    ("held", "wanted", "sent"),
    [
        ("10", "2.1", "3"),
        ("10", "9.0", "9"),
        ("10", "9.1", "9"),
        ("10", "10", "9"),
        ("10", "25", "9"),
        ("2", "0.4", "1"),
    ],
)
def test_a_reduction_rounds_up_but_never_to_all(held: str, wanted: str, sent: str) -> None:
    bench = Bench()
    bench.hold(state_of("t1", units=held))
    assert bench.units(exit_of("t1", wanted)) == Decimal(sent)


def test_a_reduction_of_a_single_lot_is_held() -> None:
    """The operator's code turned 40 % of one contract into a full close."""
    bench = Bench()
    bench.hold(state_of("t1", units="1"))
    assert bench.code(exit_of("t1", "0.4")) == "RE534"
    assert bench.units(exit_of("t1", "0.4", is_full_close=True)) == 1


def test_a_reduction_of_nothing_is_below_the_minimum() -> None:
    bench = Bench()
    bench.hold(state_of("t1", units="10"))
    assert bench.code(exit_of("t1", "0")) == "RE532"


def test_a_close_larger_than_the_venue_takes_goes_in_parts() -> None:
    bench = Bench(instruments={**INSTRUMENTS, "USD_JPY": replace(USD_JPY, max_size=Decimal(500))})
    bench.hold(state_of("t1", units="1200"))
    assert bench.units(exit_of("t1", "1200", is_full_close=True)) == 500


@pytest.mark.parametrize("units", ["0", "-5", "NaN", "Infinity"])
def test_no_size_is_below_the_minimum(units: str) -> None:
    assert Bench().code(units=units) == "RE532"


@pytest.mark.parametrize(("units", "sent"), [("10000.9", "10000"), ("9999.9999999999", "10000"), ("10000", "10000")])
def test_an_opening_rounds_down(units: str, sent: str) -> None:
    assert Bench().units(units=units) == Decimal(sent)


# --- never a flip ---------------------------------------------------------------------------------------------------


def test_a_reduction_is_reduce_only_and_keeps_trade_and_side() -> None:
    """SC-17: what replaces a reduce order is a reduce order."""
    bench = Bench()
    bench.hold(state_of("t1"))
    found = bench.ask(exit_of("t1", "5000", strategy="M1Scalper"))
    assert isinstance(found, Cleared)
    order = found.order
    assert (order.id, order.is_reduce_only, order.trade_id, order.position_side) == ("x1", True, "t1", LONG)


@pytest.mark.parametrize(
    ("trade", "side"), [("gone", SHORT), ("t1", LONG), ("manual", SHORT), ("", LONG)], ids=str
)  # fmt: skip
def test_what_is_not_there_is_not_reduced(trade: str, side: Any) -> None:
    bench = Bench()
    bench.hold(state_of("t1"), state_of("manual", client_id="web-1", pocket=""))
    assert bench.code(exit_of(trade, "5000", side=side)) == "RE535"


def test_exits_on_their_way_are_not_closed_twice() -> None:
    """10,000 held, 6,000 on their way by another rule: at most 4,000 more, 3,999 unless it is the full close."""
    bench = Bench()
    bench.hold(state_of("t1"))
    bench.orders.open(make_order("o1", SHORT, "6000", is_reduce_only=True, trade_id="t1"), "d", "other", "exit", 1)
    bench.orders.on_update(OrderUpdate(1, 1, "o1", OrderStatus.UNKNOWN))
    assert bench.units(exit_of("t1", "10000")) == 3999
    assert bench.units(exit_of("t1", "10000", is_full_close=True)) == 4000
    bench.orders.open(make_order("o2", SHORT, "4000", is_reduce_only=True, trade_id="t1"), "d", "third", "exit", 1)
    assert bench.code(exit_of("t1", "10000", is_full_close=True)) == "RE535"


def test_an_order_on_the_side_may_fall_on_any_trade_of_it() -> None:
    bench = Bench()
    bench.hold(state_of("t1", units="10000"), state_of("t2", units="5000"))
    bench.orders.open(
        make_order("o1", SHORT, "12000", is_reduce_only=True, position_side=LONG), "d", "relief", "exit", 1
    )
    assert bench.units(exit_of("t1", "10000", is_full_close=True)) == 3000
    assert bench.units(exit_of("", "99999", is_full_close=True)) == 3000


def test_one_exit_of_a_rule_at_a_time() -> None:
    bench = Bench()
    bench.hold(state_of("t1"), state_of("t2"))
    bench.orders.open(make_order("o1", SHORT, "1", is_reduce_only=True, trade_id="t1"), "d", "exit-rule", "exit", 1)
    assert bench.code(exit_of("t1", "5000")) == "RE536"
    assert bench.code(exit_of("t2", "5000")) == "cleared"


# --- what is known --------------------------------------------------------------------------------------------------


def test_a_failed_account_read_refuses_entries_until_a_good_one() -> None:
    """FX-33."""
    bench = Bench()
    bench.hold(state_of("t1"))
    bench.holdings.account_read(AccountRead(5, 5, None, None, failed=True))
    assert bench.code() == "RE537"
    assert bench.code(exit_of("t1", "5000")) == "cleared"
    bench.holdings.account_read(AccountRead(6, 6, Decimal(500_000), Decimal(0)))
    assert bench.code() == "cleared"


def test_an_unknown_fate_refuses_entries_in_its_instrument_only() -> None:
    bench = Bench()
    bench.hold(state_of("t1"))
    bench.orders.open(make_order("o1", units="1"), "d", "other", "entry", 1)
    bench.orders.on_update(OrderUpdate(1, 1, "o1", OrderStatus.UNKNOWN))
    assert bench.code() == "RE538"
    assert bench.code(exit_of("t1", "5000")) == "cleared"
    bench.prices = GatePrices(50_000.0, 50_001.0, 0.5, 150.0)
    assert bench.code(instrument="BTC-USDT-SWAP", units="1") == "cleared"


# --- all together ---------------------------------------------------------------------------------------------------


def test_every_code_of_the_gate_has_a_page() -> None:
    assert [code for code in (f"RE5{number}" for number in range(20, 43)) if code not in PAGES] == []


def test_what_is_cleared_is_json_again_after_restore() -> None:
    bench, other = Bench(), Bench()
    bench.ask()
    bench.gate.on_rejection("rule", "NO", NOW)
    bench.gate.kill("rule:x", "me", "why", NOW)
    saved = json.dumps(bench.gate.state())
    other.gate.restore(json.loads(saved))
    assert json.dumps(other.gate.state()) == saved
    assert other.code() == "RE527"
