"""What of attached stops is too much, and what is done about it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.okx.account import positions
from adapters.okx.names import protection_id
from adapters.okx.protections import Protections, excess
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.okx.scripted import BEGIN_NS, BTC, Script, ok, row_of
from tests.adapters.okx.test_account import position

NOW_MS = BEGIN_NS // 1_000_000


def stop(number: int, size: str, age_s: int = 60, **more: str) -> dict[str, str]:
    """Attached to order `re<number>`, `age_s` ago."""
    return {
        "instId": BTC, "tdMode": "cross", "posSide": "net", "side": "sell", "sz": size, "algoId": str(number),
        "algoClOrdId": protection_id(f"re{number}"), "cTime": str(NOW_MS - age_s * 1_000),
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("held", "waiting", "expected"),
    [
        (["5"], [stop(1, "3"), stop(2, "2")], {}),
        (["3"], [stop(1, "3", 90), stop(2, "2", 30)], {"1": "1"}),  # 3 − 2 of the newer
        (["2"], [stop(1, "3", 90), stop(2, "2", 30)], {"1": "0"}),
        ([], [stop(1, "3")], {"1": "0"}),
        (["-3"], [stop(1, "3")], {"1": "0"}),  # it turned over: a sale would add to the short
        (["-3"], [stop(1, "3", side="buy")], {}),
        ([], [stop(1, "3", algoClOrdId="")], {}),  # somebody else's
        ([], [stop(1, "3", algoClOrdId="re1")], {}),  # a rule's
        (["3"], [stop(1, "3", tdMode="isolated")], {"1": "0"}),  # of the other margin mode
        (["3"], [stop(1, "")], {}),  # closes what there is
    ],
)
def test_what_is_too_much(held: list[str], waiting: list[Any], expected: dict[str, str]) -> None:
    found = excess(positions([position(units) for units in held]), waiting)
    assert {one.row["algoId"]: str(one.keep) for one in found} == expected


def test_each_side_of_long_and_short_mode_has_its_own() -> None:
    held = positions([position("3", posSide="long"), position("1", posSide="short")])
    waiting = [stop(1, "3", posSide="long"), stop(2, "2", posSide="short", side="buy")]
    assert [(one.row["algoId"], one.keep) for one in excess(held, waiting)] == [("2", Decimal(1))]


def follow(script: Script, *, acts: bool = True) -> None:
    async def play() -> None:
        api = script.api()
        kept = Protections(api)
        kept.sent(Order("re1", BTC, Side.LONG, Decimal(3), stop=Decimal(59_000)))
        kept.acts = acts
        await kept.follow(BTC)
        await kept.follow("ETH-USDT-SWAP")  # nothing was ever attached there
        await api.close()

    asyncio.run(play())


def test_it_is_followed_until_it_fits() -> None:
    """The first cancel is lost; a stop of a second ago is left alone until its fill must be in the position."""
    script = Script().on("/account/positions", ok())
    there = [ok(stop(1, "3", 1)), ok()]  # of each kind once
    script.on("/trade/orders-algo-pending", *there, *there, *there, ok())
    script.on("/trade/cancel-algos", httpx.ReadTimeout("late"), ok(row_of("0")))
    follow(script)
    assert script.bodies("/trade/cancel-algos") == [[{"instId": BTC, "algoId": "1"}]] * 2
    assert {request.url.params["instId"] for request in script.asked("/account/positions")} == {BTC}


def test_an_older_one_is_not_cut_for_one_whose_fill_is_not_in_the_position_yet() -> None:
    """3 were held, 2 more were bought a second ago: the position still says 3, and the older stop is all of that."""
    script = Script().on("/account/positions", ok(position("3")), ok(position("3")), ok(position("5")))
    both = [ok(stop(2, "2", 1), stop(1, "3")), ok()]
    script.on("/trade/orders-algo-pending", *both, *both)
    follow(script)
    assert all(request.method == "GET" for request in script.heard)


def test_one_look_is_not_believed() -> None:
    """The position that is read right after the sale is the one before it."""
    script = Script().on("/account/positions", ok(position("3")), ok(position("3")), ok())
    there = [ok(stop(1, "3")), ok()]
    script.on("/trade/orders-algo-pending", *there, *there, ok())
    script.on("/trade/cancel-algos", ok(row_of("0")))
    follow(script)
    assert len(script.bodies("/trade/cancel-algos")) == 1


def test_a_cut_names_what_is_left_in_contracts() -> None:
    script = Script().on("/account/positions", ok(position("2")))
    script.on("/trade/orders-algo-pending", ok(stop(1, "3")), ok(), ok(stop(1, "2")), ok())
    script.on("/trade/amend-algos", ok(row_of("0")))
    follow(script)
    assert script.bodies("/trade/amend-algos") == [{"instId": BTC, "algoId": "1", "newSz": "2"}]


def test_nothing_is_concluded_from_a_position_that_moves_or_can_not_be_read() -> None:
    moving = [ok(position("1")), ok(position("2")), httpx.Response(400, json={"code": "50014", "msg": "no"})]
    script = Script().on("/account/positions", *moving, ok(position("3")))
    script.on("/trade/orders-algo-pending", ok(stop(1, "3")), ok(), ok(stop(1, "3")), ok())
    follow(script)
    assert all(request.method == "GET" for request in script.heard)


def test_nothing_is_asked_before_something_may_be_sent() -> None:
    script = Script()
    follow(script, acts=False)
    assert script.heard == []
