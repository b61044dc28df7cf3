"""Orders as the venue wants them: the mode table, ids, stops, protections, cancels."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.okx.account import Mode
from adapters.okx.names import is_protection, protection_id
from adapters.okx.orders import CANCEL, CANCEL_ALGOS, ORDER, ORDER_ALGO, bad_id, cancel, place
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.okx.scripted import BTC

NET, HEDGED = Mode(nets=True, margin="cross"), Mode(nets=False, margin="isolated")


def order(side: Side, **more: Any) -> Order:
    return Order("re1", BTC, side, Decimal(3), **more)


@pytest.mark.parametrize(
    ("side", "closes", "net", "hedged"),
    [
        (Side.LONG, False, {"side": "buy"}, {"side": "buy", "posSide": "long"}),
        (Side.SHORT, True, {"side": "sell", "reduceOnly": True}, {"side": "sell", "posSide": "long"}),
        (Side.SHORT, False, {"side": "sell"}, {"side": "sell", "posSide": "short"}),
        (Side.LONG, True, {"side": "buy", "reduceOnly": True}, {"side": "buy", "posSide": "short"}),
    ],
)
def test_mode_table(side: Side, closes: bool, net: dict[str, Any], hedged: dict[str, Any]) -> None:
    """Fact sheet §6.2, trap 4: posSide needed or forbidden; reduceOnly closes in net mode alone."""
    rest = {"instId": BTC, "ordType": "market", "clOrdId": "re1", "sz": Decimal(3), "tag": "ruleengine"}
    for mode, expected in ((NET, net), (HEDGED, hedged)):
        call = place(order(side, is_reduce_only=closes), mode, Decimal(3))
        assert call.path == ORDER
        assert call.body == rest | {"tdMode": mode.margin} | expected


def test_an_order_for_one_trade_closes_its_side() -> None:
    """Trap 16: an order under our id, whose fills are known as ours; never the venue's close-position."""
    call = place(order(Side.SHORT, trade_id=f"{BTC}:long"), HEDGED, Decimal(2))
    assert (call.body["posSide"], call.body["side"], call.body["sz"]) == ("long", "sell", Decimal(2))
    assert (call.path, call.body["clOrdId"]) == (ORDER, "re1")


def test_a_limit_with_protections() -> None:
    one = order(Side.LONG, type="limit", price=Decimal("59000.1"), stop=Decimal(58000), target=Decimal(65000))
    body = place(one, NET, Decimal(3)).body
    assert (body["ordType"], body["px"]) == ("limit", Decimal("59000.1"))
    assert body["attachAlgoOrds"] == [
        {
            "attachAlgoClOrdId": protection_id("re1"), "slTriggerPx": Decimal(58000), "slOrdPx": "-1",
            "tpTriggerPx": Decimal(65000), "tpOrdPx": "-1",
        }
    ]  # fmt: skip
    closing = order(Side.SHORT, is_reduce_only=True, stop=Decimal(1))
    assert "attachAlgoOrds" not in place(closing, NET, Decimal(3)).body


def test_stops_are_of_the_algo_family() -> None:
    opening = place(order(Side.LONG, type="stop", price=Decimal(61000)), HEDGED, Decimal(3))
    assert opening.path == ORDER_ALGO
    assert opening.body == {
        "instId": BTC, "tdMode": "isolated", "side": "buy", "posSide": "long", "sz": Decimal(3), "ordType": "trigger",
        "triggerPx": Decimal(61000), "orderPx": "-1", "algoClOrdId": "re1", "tag": "ruleengine",
    }  # fmt: skip
    closing = place(order(Side.SHORT, type="stop", price=Decimal(59000), is_reduce_only=True), NET, Decimal(3))
    assert closing.body == {
        "instId": BTC, "tdMode": "cross", "side": "sell", "reduceOnly": True, "sz": Decimal(3),
        "ordType": "conditional", "slTriggerPx": Decimal(59000), "slOrdPx": "-1", "algoClOrdId": "re1",
        "tag": "ruleengine", "cxlOnClosePos": True,
    }  # fmt: skip


def test_cancels_name_the_venues_number_where_it_is_known() -> None:
    limit, stop = order(Side.LONG, type="limit", price=Decimal(1)), order(Side.LONG, type="stop", price=Decimal(1))
    assert cancel(limit, "") == type(cancel(limit, ""))(CANCEL, {"instId": BTC, "clOrdId": "re1"})
    assert cancel(limit, "312").body == {"instId": BTC, "ordId": "312"}
    assert cancel(stop, "").path == CANCEL_ALGOS
    assert cancel(stop, "77").body == [{"instId": BTC, "algoId": "77"}]


@pytest.mark.parametrize("bad", ["re-1", "re_1", "", "x" * 33, "2b1c-uuid4-like-id", "é1"])
def test_ids_that_the_venue_refuses_are_named_before_sending(bad: str) -> None:
    """Trap 6: letters and digits only, 32 at most; a uuid4 has dashes, its hex is exactly 32."""
    assert "no order id for OKX" in bad_id(bad)
    assert bad_id("a" * 32) == ""


def test_the_id_of_what_is_attached_is_one_for_the_venue_and_tells_itself() -> None:
    """32 letters and digits, another one for each order, and none that a rule's order has."""
    ids = {protection_id(order_id) for order_id in ("re1", "re2", "a" * 32)}
    assert len(ids) == 3
    for made in ids:
        assert bad_id(made) == ""
        assert is_protection(made)
    assert not is_protection("re1")
    assert not is_protection("a" * 32)
