"""The account's own flags, money, positions and the whole at one instant."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.okx.account import Mode, Money, account, margin_used, mode, money, positions, snapshot, trade
from adapters.okx.instruments import instrument
from adapters.okx.truth import read, recent_fills
from adapters.wire.decimals import BadPayload
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError
from tests.adapters.okx.scripted import BEGIN_NS, BTC, Script, fill_row, ok
from tests.adapters.okx.test_instruments import row as terms_row


def position(pos: str, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "instId": BTC, "instType": "SWAP", "mgnMode": "cross", "posId": "1", "posSide": "net", "pos": pos,
        "availPos": "", "avgPx": "60000", "markPx": "61000", "lever": "10", "imr": "183", "margin": "", "liqPx": "",
        "notionalUsd": "1830", "upl": "30", "tradeId": "", "cTime": "1772600000000", "uTime": "1772600001000",
        "closeOrderAlgo": [],
    }  # fmt: skip
    return base | more


def balance(**more: str) -> dict[str, Any]:
    detail = {"ccy": "USDT", "eq": "1030", "cashBal": "1000", "upl": "30", "stgyEq": "0", "uTime": "1772600000500"}
    return {"adjEq": "", "totalEq": "1030", "details": [{"ccy": "BTC", "eq": "1", "uTime": "1"}, detail | more]}


@pytest.mark.parametrize(
    ("flags", "margin", "expected"),
    [("net_mode", "cross", "net"), ("long_short_mode", "cross", "gross"), ("net_mode", "isolated", "isolated")],
)
def test_the_account_is_what_its_flags_say(flags: str, margin: Any, expected: str) -> None:
    """Trap 4: mode and margin are read, never assumed."""
    row = {"uid": "446", "acctLv": "2", "posMode": flags, "perm": "read_only,trade", "ip": ""}
    found = account(row, mode(row, margin), "practice")
    assert (found.id, found.currency, found.margin_model) == ("446", "USDT", expected)
    assert found.mode == ("netting" if flags == "net_mode" else "hedging")
    assert ("perm", "read_only,trade") in found.flags


def test_an_account_without_swaps_or_of_an_unknown_mode_is_refused() -> None:
    with pytest.raises(VenueError, match="spot mode"):
        mode({"acctLv": "1", "posMode": "net_mode"}, "cross")
    with pytest.raises(VenueError, match="no reduce-only orders"):
        mode({"acctLv": "4", "posMode": "net_mode"}, "cross")
    with pytest.raises(VenueError, match="not known"):
        mode({"acctLv": "2", "posMode": "new_mode"}, "cross")


def test_a_short_is_below_zero_in_net_mode_alone() -> None:
    """Trap 5; and a position that was closed lately is listed with 0 or nothing."""
    rows = [
        position("-3"), position("2", posSide="long"), position("4", posSide="short"), position("0"), position(""),
    ]  # fmt: skip
    found = positions(rows)
    assert [(one.side, one.units, one.signed) for one in found] == [
        (Side.SHORT, Decimal(3), Decimal(-3)),
        (Side.LONG, Decimal(2), Decimal(2)),
        (Side.SHORT, Decimal(4), Decimal(4)),
    ]


def test_a_position_is_a_trade_named_by_its_side() -> None:
    attached = [{"slTriggerPx": "58000", "tpTriggerPx": ""}, {"slTriggerPx": "59000", "tpTriggerPx": "65000"}]
    (held,) = positions([position("3", closeOrderAlgo=attached)])
    found = trade(held, "cross")
    assert (found.id, found.units, found.price, found.leverage) == (
        f"{BTC}:long",
        Decimal(3),
        Decimal(60000),
        Decimal(10),
    )
    assert found.opened_ns == 1_772_600_000_000 * 1_000_000
    assert (found.stop, found.target) == (Decimal(59000), Decimal(65000))  # what it meets first
    waiting = [
        {"instId": BTC, "tdMode": "cross", "posSide": "net", "side": "sell", "algoClOrdId": "", "slTriggerPx": "59500"},
        {
            "instId": BTC,
            "tdMode": "cross",
            "posSide": "net",
            "side": "sell",
            "algoClOrdId": "re9",
            "slTriggerPx": "59900",
        },
        {"instId": BTC, "tdMode": "cross", "posSide": "net", "side": "buy", "algoClOrdId": "", "slTriggerPx": "59950"},
    ]
    assert trade(held, "cross", waiting).stop == Decimal(59500)
    assert trade(held, "isolated").id == f"{BTC}:long:cross"  # of the other margin mode: told apart


def test_balance_is_equity_without_what_is_not_realised() -> None:
    """Equity 1030, of it 30 not realised: 1000. With 150 in trading bots (eq 1180): 1000. Trap 3: `adjEq` is ""."""
    assert money([balance()]) == Money(Decimal(1000), 1_772_600_000_500)
    assert money([balance(eq="1180", stgyEq="150")]).balance == Decimal(1000)
    # isolated margin of 200 has left the cash but not the equity
    assert money([balance(cashBal="800")]).balance == Decimal(1000)
    with pytest.raises(BadPayload, match="eq"):
        money([balance(eq="")])
    with pytest.raises(VenueError, match="never held USDT"):
        money([{"details": []}])


def test_the_venues_example_balance(payloads: Path) -> None:
    """eq 4992.890093622894 + 7.545600000000006 − 150 = 4850.435693622894…, which is its cashBal."""
    data = json.loads((payloads / "rest" / "account_balance.json").read_text())["data"]
    assert abs(money(data).balance - Decimal(data[0]["details"][0]["cashBal"])) < Decimal("1e-12")


def test_margin_is_where_each_kind_states_it() -> None:
    """§5.1: `imr` of a cross position, `margin` of an isolated one. 1830 at leverage 10 is 183 where it is left out;
    without a notional 3 × 0.01 × 61000 = 1830 is."""
    terms = {BTC: instrument(terms_row())}
    assert margin_used(positions([position("3")]), terms) == Decimal(183)
    isolated = position("3", mgnMode="isolated", imr="", margin="200")
    assert margin_used(positions([position("3"), isolated]), terms) == Decimal(383)
    assert margin_used(positions([position("3", imr="")]), terms) == Decimal(183)
    assert margin_used(positions([position("3", imr="", notionalUsd="")]), terms) == Decimal(183)
    with pytest.raises(BadPayload, match="not stated"):
        margin_used(positions([position("3", imr="", notionalUsd="")]), {})


def test_the_snapshots_time_is_its_last_change_and_counts_its_fills() -> None:
    """Position changed at …001000, money at …000500, the last fills at …001000 and …000900."""
    fills = [(1_772_600_000_900, "1-312"), (1_772_600_001_000, "2-312")]
    found = snapshot(positions([position("3")]), money([balance()]), ("a1",), (), fills, {}, "cross")
    assert found.ts == 1_772_600_001_000 * 1_000_000
    assert (found.counted, found.open_orders) == (("2-312",), ("a1",))


def whole(script: Script) -> Script:
    return script.on("/account/balance", ok(balance())).on("/trade/fills", ok())


def read_all(script: Script) -> Any:
    async def play() -> Any:
        api = script.api()
        try:
            return await read(api, None)
        finally:
            await api.close()

    return asyncio.run(play())


def test_the_account_is_read_again_where_it_moved_meanwhile() -> None:
    """Flat, then 3 contracts, then 3 and 3: the second reading holds together."""
    script = whole(Script()).on("/account/positions", ok(), ok(position("3")), ok(position("3")))
    assert [one.units for one in read_all(script).held] == [Decimal(3)]
    assert len(script.asked("/account/positions")) == 4


def test_fills_that_lag_behind_a_position_are_waited_for() -> None:
    """The position names print 7, which is among the fills at the second look only."""
    moved = position("3", tradeId="7", uTime="1772600767000")
    script = Script().on("/account/balance", ok(balance())).on("/account/positions", ok(moved))
    script.on("/trade/fills", ok(), ok(fill_row("7", "3")))
    truth = read_all(script)
    assert [printed.trade_number for printed, _ in truth.fills] == ["7"]
    assert truth.as_of_ms == 1_772_600_767_300


@pytest.mark.parametrize(("ago_ms", "readings"), [(100, 2), (400, 1), (-300_000, 1)])
def test_a_change_of_just_now_is_let_settle(ago_ms: int, readings: int) -> None:
    """The venue's lists lag behind each other by moments: a balance that has a fill while position and fills have it
    not would be taken for a time that they reach. A change after our idea of the venue's time says nothing."""
    changed = str(BEGIN_NS // 1_000_000 - ago_ms)
    script = Script().on("/account/balance", ok(balance(uTime=changed))).on("/trade/fills", ok())
    script.on("/account/positions", ok(position("3")))
    read_all(script)
    assert len(script.asked("/account/positions")) == 2 * readings


def test_an_account_that_never_rests_is_told() -> None:
    script = whole(Script())
    script.on("/account/positions", *(ok(position(str(size))) for size in range(1, 60)))
    with pytest.raises(VenueError, match="moved while it was read"):
        read_all(script)


def test_fills_are_caught_up_with_backwards() -> None:
    """§6.4 and trap 11: newest first, `after` asks for older ones, until one is known."""
    newest = [fill_row(str(n), "1", fillTime=str(1_772_600_000_000 + n)) for n in range(300, 200, -1)]
    older = [fill_row(str(n), "1", fillTime=str(1_772_600_000_000 + n)) for n in range(200, 100, -1)]
    script = Script().on("/trade/fills", ok(*newest), ok(*older))

    async def play() -> list[str]:
        api = script.api()
        found = await recent_fills(api, lambda fill_id: fill_id == "150-312")
        await api.close()
        return [printed.trade_number for printed, _ in found]

    assert asyncio.run(play()) == [str(n) for n in range(101, 301)]
    asked = [dict(request.url.params) for request in script.asked("/trade/fills")]
    assert [query.get("after") for query in asked] == [None, "9201"]  # the last row's billId


def test_the_modes_are_told_apart() -> None:
    assert mode({"acctLv": "3", "posMode": "long_short_mode"}, "isolated") == Mode(nets=False, margin="isolated")
