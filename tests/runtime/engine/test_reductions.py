"""FX-05: every bound of the reduction of the net position, by hand. Price 100 and 4 %: one unit ties up 4 JPY."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.model.side import Side
from tests.runtime.engine.world import USD_JPY, World, decision, order, orders, trade

RELIEF = """
hedges:
  - id: relief
    when: {when}
    require: abs(position.net_units) >= 15_000units and mid >= 90
    reduce:
      until: account.margin_used_of_available <= 82%
      otherwise: 25% of abs(position.net_units)
      at_least: 10_000units
      at_most: [55% of abs(position.net_units), 90_000units]
      floor_over_cap: {over}
    pocket: macro
    confidence: 90
    cooldown: 20s
    on_unknown: {{wait: 10s, then: alert}}
"""
USAGE = "account.margin_used_of_available >= 88% or account.free_margin_ratio <= 8%"


def relief(when: str = USAGE, over: str = "send_nothing") -> str:
    return RELIEF.format(when=when, over=over)


def world(units: str, balance: str, *, side: str = "long", rules: str | None = None, price: str = "100") -> World:
    return World(rules or relief(), balance=balance, trades=(trade(units, price, side=side),))


@pytest.mark.parametrize(
    ("units", "balance", "sent"),
    [
        ("219999", "1000000", None),  # used 879,996: 87.9996 % and 12.0004 % free
        ("220000", "1000000", 15_000),  # 88 %: down to 820,000 / 4 = 205,000
        ("230000", "1000000", 25_000),
        ("88000", "400000", 10_000),  # 6,000 wanted, at least 10,000
        ("300000", "1000000", 90_000),  # 95,000 wanted, at most 90,000
        ("40000", "60000", 22_000),  # 27,700 wanted, at most 55 %
        ("18182", "50000", 10_000),  # 55 % is 10,000.1
    ],
)
def test_trigger_and_bounds(units: str, balance: str, sent: int | None) -> None:
    audit = world(units, balance).quote(100.0)
    if sent is None:
        assert not audit
        return
    found = order(audit)
    assert found.units == sent
    assert (found.side, found.is_reduce_only, found.position_side) == (Side.SHORT, True, Side.LONG)
    assert found.pocket == "macro"
    assert decision(audit).kind == "hedge_reduce"


def test_the_smallest_reduction_after_which_it_holds() -> None:
    """1 lot less than 15,000 leaves 205,001 units: 820,004 of 1,000,000."""
    found = decision(world("220000", "1000000").quote(100.0))
    assert [(what, int(units)) for what, units in found.size_path] == [("wanted", 15_000)]


@pytest.mark.parametrize(
    ("units", "over", "sent"),
    [
        ("18181", "send_nothing", None),  # 55 % is 9,999.55
        ("15000", "send_nothing", None),
        ("15000", "floor", 10_000),
        ("15000", "cap", 8_250),
    ],
)
def test_floor_over_cap(units: str, over: str, sent: int | None) -> None:
    audit = world(units, "50000", rules=relief(over=over)).quote(100.0)
    if sent is not None:
        assert order(audit).units == sent
        return
    found = decision(audit)
    assert orders(audit) == []
    assert (found.outcome, found.code, found.first_blocker) == ("refused", "RE580", "relief")
    bound = {"18181": 9_999, "15000": 8_250}[units]
    assert found.message == f"at least 10000 is wanted, at most {bound} allowed"


def test_too_small_a_position_is_recorded() -> None:
    found = decision(world("14999", "50000").quote(100.0))
    assert (found.outcome, found.code) == ("refused", "RE581")
    failed = [one for one in found.verdicts[0].comparisons if one.verdict is False]
    assert [(one.left, one.right, one.distance) for one in failed] == [(14_999.0, 15_000.0, -1.0)]


def test_too_low_a_price_is_recorded() -> None:
    assert decision(world("40000", "60000", price="89.99").quote(89.99)).code == "RE581"


def test_otherwise_a_quarter() -> None:
    """Triggered though usage is below the target: 300,000 of 400,000 is 75 %."""
    audit = world("75000", "400000", rules=relief("account.free_margin_ratio <= 30%")).quote(100.0)
    assert order(audit).units == 18_750


def test_a_short_position_is_bought_back() -> None:
    found = order(world("220000", "1000000", side="short").quote(100.0))
    assert (found.side, found.position_side, int(found.units)) == (Side.LONG, Side.SHORT, 15_000)


@pytest.mark.parametrize(("model", "sent"), [("net", 15_000), ("max_side", 15_000)])
def test_on_a_hedging_account_the_larger_side_is_reduced(model: str, sent: int) -> None:
    """net: 220,000 − 0; larger side: 220,000 with 40,000 on the other, which ties up nothing more."""
    other = () if model == "net" else (trade("40000", "100", name="2", side="short"),)
    trades = (trade("220000", "100"), *other)
    here = World(relief(), balance="1000000", trades=trades, account={"margin_model": {"model": model}})
    found = order(here.quote(100.0))
    assert (int(found.units), found.position_side, found.trade_id) == (sent, Side.LONG, "")


@pytest.mark.parametrize("restarts", [False, True])
def test_cooldown_counts_from_the_order_and_survives_a_restart(restarts: bool) -> None:
    here = world("300000", "800000")
    sent = order(here.quote(100.0, at=0))
    assert sent.units == 90_000
    assert not here.quote(100.0, at=1), "its order is on its way"
    here.fill(sent, 100.0, trade_id="1", at=2)  # 210,000 left: 840,000 is still more than there is
    if restarts:
        here.restart()
    held = here.quote(100.0, at=19.999)
    assert orders(held) == []
    assert order(here.timer(at=20)).units == 46_000  # down to 656,000 / 4 = 164,000


def test_a_rejected_reduction_is_tried_again_after_its_cooldown() -> None:
    here = world("220000", "1000000")
    sent = order(here.quote(100.0, at=0))
    here.update(sent, OrderStatus.REJECTED, code="MARKET_HALTED", at=1)
    assert orders(here.quote(100.0, at=10)) == []
    assert order(here.timer(at=20)).units == 15_000


def test_a_full_close_only_where_it_is_meant() -> None:
    """A part of 1 lot of 2 stays a part; all of it where the size says so."""
    part = """
hedges:
  - id: part
    when: position.net_units >= 2units
    reduce: {wanted: 60% of abs(position.net_units)}
    on_unknown: {wait: 10s, then: alert}
"""
    whole = part.replace("60%", "100%")
    assert order(world("2", "1000", rules=part).quote(100.0)).units == 1
    assert order(world("2", "1000", rules=whole).quote(100.0)).units == 2


# --- beside trades that aren't ours (FX-16) ---------------------------------------------------------------------------

MANUAL = trade("100000", "100", name="m", opened_s=-90, client_id="web-1")


def beside_manual(*ours: tuple[str, str]) -> World:
    """220,000 long units in all at most, of which (name, units) are ours; the manual ones are the oldest."""
    trades = [trade(units, "100", name=name, opened_s=-60 + at) for at, (name, units) in enumerate(ours)]
    return World(relief(), balance="1000000", trades=(MANUAL, *trades))


def test_beside_manual_trades_it_names_ours_from_the_oldest_on() -> None:
    """15,000 wanted: a venue left to choose would take the oldest, which is manual."""
    here = beside_manual(("b", "8000"), ("a", "112000"))
    audit = here.quote(100.0)
    assert [(each.trade_id, int(each.units), each.is_reduce_only) for each in orders(audit)] == [
        ("b", 8_000, True),
        ("a", 7_000, True),
    ]
    assert len({each.id for each in orders(audit)}) == 2
    assert [(each.outcome, each.trade_id) for each in audit.decisions] == [("sent", "b"), ("sent", "a")]
    last = audit.decisions[1].size_path
    assert [(what, int(units)) for what, units in last] == [("wanted", 15_000), ("trade a", 7_000)]
    for each in orders(audit):
        here.fill(each, 100.0)
    left = {name: int(trade.units) for name, trade in here.engine.holdings.trades.items()}
    assert left == {"m": 100_000, "a": 105_000}


def test_it_takes_no_more_than_what_is_ours() -> None:
    """15,000 wanted of 220,000, of which 12,000 are ours."""
    big = trade("208000", "100", name="m", opened_s=-90, client_id="web-1")
    here = World(relief(), balance="1000000", trades=(big, trade("12000", "100", name="a")))
    found = decision(here.quote(100.0))
    assert [(what, int(units)) for what, units in found.size_path] == [
        ("wanted", 15_000),
        ("free to reduce", 12_000),
        ("trade a", 12_000),
    ]
    assert found.order is not None
    assert (int(found.order.units), found.order.trade_id) == (12_000, "a")


def test_its_floor_is_held_against_what_is_ours() -> None:
    """6,000 are ours, at least 10,000 is wanted: what the policy says of a floor over its bound holds here too."""
    big = trade("214000", "100", name="m", opened_s=-90, client_id="web-1")
    here = World(relief(), balance="1000000", trades=(big, trade("6000", "100", name="a")))
    found = decision(here.quote(100.0))
    assert (found.outcome, found.code) == ("refused", "RE580")
    assert found.message == "at least 10000 is wanted, at most 6000 allowed"


def test_where_nothing_is_ours_nothing_is_sent() -> None:
    big = trade("220000", "100", name="m", client_id="web-1")
    found = decision(World(relief(), balance="1000000", trades=(big,)).quote(100.0))
    assert (found.outcome, found.message) == ("refused", "nothing of ours is left on the side to reduce")


EXIT_AND_RELIEF = (
    relief()
    + """
exits:
  - {id: all-out, for_each: trade, when: "mid <= 101", close: "95%",
     on_unknown: {wait: 10s, then: alert}}
"""
)


def test_what_is_on_its_way_out_is_not_reduced_twice() -> None:
    """An exit of 95 % of 220,000 is out (209,000): 11,000 are left. At 100.0005, 820,000 / 4.00002 = 204,998.97. It is
    waited for 5 s long."""
    here = world("220000", "1000000", rules=EXIT_AND_RELIEF)
    audit = here.quote(100.0)
    assert [int(each.units) for each in orders(audit)] == [209_000], "one reduction of a side in one event"
    later = here.quote(100.0, 100.001, at=6)
    assert [(what, int(units)) for what, units in decision(later).size_path] == [
        ("wanted", 15_002),
        ("free to reduce", 11_000),
    ]


def test_a_trade_that_the_venue_refuses_does_not_hold_back_the_others() -> None:
    """ "b" could give all of the 15,000; refused, it comes after "a", which then gives them."""
    here, asked = beside_manual(("b", "20000"), ("a", "100000")), []
    for second in range(1, 50):
        audits = [here.timer(at=second), here.quote(100.0, 100.0 + second / 1000, at=second)]
        for each in [each for audit in audits for each in orders(audit)]:
            asked.append(each.trade_id)
            here.update(each, OrderStatus.REJECTED, code="TRADE_LOCKED", at=second)
    assert asked[:2] == ["b", "a"]


def test_less_than_a_lot_of_each_is_no_reason_to_let_the_venue_choose() -> None:
    """Fifteen of 999 where a lot is 1,000: none can give a lot; the whole side would take the manual one."""
    coarse = replace(USD_JPY, lot=Decimal(1000), min_size=Decimal(1000))
    ours = [trade("999", "100", name=f"t{n}", opened_s=n - 60) for n in range(15)]
    big = trade("206000", "100", name="m", opened_s=-90, client_id="web-1")
    audit = World(relief(), balance="1000000", trades=(big, *ours), spec=coarse).quote(100.0)
    assert orders(audit) == []
    assert (decision(audit).outcome, decision(audit).message) == (
        "refused",
        "nothing of ours is left on the side to reduce",
    )


def test_no_part_takes_more_than_its_share_of_the_bound() -> None:
    """Trades of 2,900 where a lot is 1,000 give 2,000 each; together they stay within the bound of 12,000."""
    coarse = replace(USD_JPY, lot=Decimal(1000), min_size=Decimal(1000))
    ours = [trade("2900", "100", name=f"t{n}", opened_s=n - 60) for n in range(20)]
    big = trade("182000", "100", name="m", opened_s=-90, client_id="web-1")
    bound = relief().replace("90_000units", "12_000units")
    sent = orders(World(bound, balance="1000000", trades=(big, *ours), spec=coarse).quote(100.0))
    assert [int(each.units) for each in sent] == [2_000] * 6


def test_an_exit_of_one_trade_leaves_the_parts_of_the_others() -> None:
    """An exit closes a part of "b" in the same event: relief goes on with "a"."""
    rules = (
        relief()
        + """
exits:
  - {id: trim, for_each: trade, when: "mid <= 101 and trade.units < 10_000units", close: 1_000units,
     on_unknown: {wait: 10s, then: alert}}
"""
    )
    ours = (trade("8000", "100", name="b", opened_s=-60), trade("112000", "100", name="a", opened_s=-59))
    audit = World(rules, balance="1000000", trades=(MANUAL, *ours)).quote(100.0)
    assert [(each.trade_id, int(each.units)) for each in orders(audit)] == [("b", 1_000), ("a", 7_000)]
