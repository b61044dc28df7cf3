"""What a Korean share's terms do at the gate: price steps by price, no short sales, the prices of the day (PY-14).

Limits by hand: 30 % of 71,300 is 21,390, cut to the step of 100 at that price: 21,300. So 50,000 to 92,600.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.paper.instruments import known
from ruleengine.facts.frames import MarketFrame
from ruleengine.model.order import Cleared, Refused
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.book.margin import MarginWeights
from ruleengine.runtime.gate.draft import GatePrices
from tests.runtime.account import LONG, SHORT, TAGS, state_of
from tests.runtime.gate.test_limits import Bench, exit_of

SAMSUNG = replace(known(["005930"])[0], quote="JPY")  # the bench's account is in yen
TODAY = GatePrices(71_200.0, 71_300.0, 0.5, 1.0, 50_000.0, 92_600.0)


def bench() -> Bench:
    found = Bench(instruments={"005930": SAMSUNG}, limits={"max_order_value": None, "price_collar": None})
    found.prices = TODAY
    found.holdings = Holdings(
        found.instruments, currency="JPY", mode="netting", weights=MarginWeights.of("net"), tags=TAGS,
        markets={"005930": MarketFrame()},
    )  # fmt: skip
    found.holdings.adopt(VenueSnapshot(0, Decimal(1_000_000), Decimal(0)))
    return found


@pytest.mark.parametrize(
    ("wanted", "step", "price"),
    [
        ("1999", "1", "1999"), ("4999", "5", "4995"), ("19999", "10", "19990"), ("49999", "50", "49950"),
        ("199999", "100", "199900"), ("499999", "500", "499500"), ("500999", "1000", "500000"),
    ],
)  # fmt: skip
def test_a_limit_lies_on_the_step_of_its_price(wanted: str, step: str, price: str) -> None:
    rig = bench()
    rig.prices = GatePrices(71_200.0, 71_300.0, 0.5, 1.0)  # a day without a base: the venue will say
    found = rig.ask(instrument="005930", units="10", order_type="limit", price=Decimal(wanted))
    assert isinstance(found, Cleared)
    assert found.order.price == Decimal(price)
    assert SAMSUNG.tick_at(Decimal(wanted)) == Decimal(step)


def test_stops_and_targets_lie_on_the_step_of_their_own_price() -> None:
    """Below 50,000 steps are 50, above 100: the stop goes up to 49,950, the target down to 72,400."""
    found = bench().ask(instrument="005930", units="10", stop=Decimal(49_910), target=Decimal(72_499))
    assert isinstance(found, Cleared)
    assert (found.order.stop, found.order.target) == (Decimal(49_950), Decimal(72_400))


@pytest.mark.parametrize(
    ("price", "code", "distance"),
    [("92600", "", None), ("92700", "RE661", -100.0), ("50000", "", None), ("49950", "RE661", -50.0)],
)
def test_prices_beyond_the_day_are_refused(price: str, code: str, distance: float | None) -> None:
    found = bench().ask(instrument="005930", units="10", order_type="limit", price=Decimal(price))
    if not code:
        assert isinstance(found, Cleared)
        return
    assert isinstance(found, Refused)
    assert found.comparison is not None
    assert (found.code, found.comparison.distance, found.comparison.unit) == (code, distance, "JPY")


def test_a_share_is_not_sold_short() -> None:
    assert bench().code(instrument="005930", units="10", side=SHORT) == "RE660"


def test_what_is_held_is_sold_at_any_price_the_rule_wants() -> None:
    """A limit of an exit beyond the day's prices goes to the venue, which says so itself."""
    rig = bench()
    rig.hold(state_of("t1", LONG, "10", "71000", instrument="005930"))
    held = next(iter(rig.holdings.trades))
    found = rig.ask(exit_of(held, "10", instrument="005930", is_full_close=True, order_type="limit",
                            price=Decimal(93_000)))  # fmt: skip
    assert isinstance(found, Cleared)
