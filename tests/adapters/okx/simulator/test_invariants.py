"""What must hold whatever is done: money is its ledger, positions are their fills, nothing is frozen for nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

BTC = "BTC-USDT-SWAP"
COMMANDS = 400


def wild(trader: Any, dice: random.Random) -> None:
    """One command at random: an order of any kind, a change, a cancellation, a stop, a step of the market."""
    side, size = dice.choice(("buy", "sell")), dice.choice(("0.01", "1", "7", "40"))
    more: dict[str, Any] = {"tdMode": dice.choice(("cross", "isolated"))}
    if trader.account.is_net:
        more["reduceOnly"] = dice.random() < 0.3
    else:
        more["posSide"] = dice.choice(("long", "short"))
    pending = [order.ord_id for order in trader.account.open_orders()]
    middle = 60_000 + dice.randint(-700, 700)
    what = dice.random()
    if what < 0.35:
        trader.order(side, size, **more)
    elif what < 0.6:
        kind = dice.choice(("limit", "post_only", "ioc", "fok"))
        trader.order(side, size, str(60_000 + dice.randint(-500, 500)), ordType=kind, **more)
    elif what < 0.65 and pending:
        trader.cancel(ordId=dice.choice(pending))
    elif what < 0.7 and pending:
        trader.amend(ordId=dice.choice(pending), newSz="9")
    elif what < 0.75:
        trader.algo(side, size, ordType="trigger", triggerPx=str(middle), orderPx="-1", **more)
    elif what < 0.95:
        trader.price(str(middle), str(middle + 10), ask_size="20", bid_size="20")
    else:
        trader.wait(dice.choice((1, 60, 3 * 3600)))


@pytest.mark.parametrize("mode", ["net_mode", "long_short_mode"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_done(make_desk: Callable[..., Any], mode: str, seed: int) -> None:
    trader = make_desk(position_mode=mode, depth="3", balance="50000")
    dice = random.Random(seed)
    for _ in range(COMMANDS):
        wild(trader, dice)
        account = trader.account
        # money: what there was and every bill since; each bill says what stood after it
        assert account.cash == 50_000 + sum(bill.change for bill in account.bills)
        assert account.cash >= 0
        # positions: the sum of the fills of their side
        sums: dict[tuple[str, str, str], Decimal] = {}
        for fill in account.fills:
            key = (BTC, fill.order.td_mode, fill.order.pos_side)
            sums[key] = sums.get(key, Decimal(0)) + (fill.size if fill.order.is_buy else -fill.size)
        assert {position.key: position.size for position in account.held()} == {
            key: size for key, size in sums.items() if size
        }
        for position in account.held():
            # a side of long/short mode never turns over; isolated margin is there as long as the position
            assert position.pos_side == "net" or (position.size > 0) == (position.pos_side == "long")
            assert (position.margin > 0) == position.is_isolated
        for order in account.orders.values():
            parts = [fill.size for fill in account.fills if fill.order is order]
            assert order.filled == sum(parts) <= order.size
            assert (order.state == "filled") == (order.filled == order.size)
        if not account.open_orders():
            assert trader.exchange.money(account).ordered == 0
    assert len(trader.account.fills) > 50
