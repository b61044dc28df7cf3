"""Orders that rest at a scripted KIS, how the venue's list says that they changed, and what was asked and told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.kis.stand import SAMSUNG, Stand, row

FIRST, SECOND, THIRD = "0000000101", "0000000102", "0000000103"


def revised(number: str, units: int, price: int, *, of: str = FIRST, **more: Any) -> dict[str, str]:
    """The row of a revision."""
    name = {"sll_buy_dvsn_cd_name": "매수정정*", "ord_dvsn_cd": "00", "ord_tmd": "120002"}
    return row(number, units, orgn_odno=of, ord_unpr=price, **{**name, **more})


def cancelled(number: str, units: int, *, of: str = FIRST, **more: Any) -> dict[str, str]:
    """The row of a cancel, which never fills."""
    return row(number, units, orgn_odno=of, cncl_yn="Y", sll_buy_dvsn_cd_name="매수취소*", rmn_qty=0, **more)


def lower(stand: Stand, units: int, number: str = SECOND) -> None:
    """The venue takes so many units of the first order back."""
    first = stand.rows[0]
    first.update(cncl_cfrm_qty=str(units), rmn_qty=str(int(first["rmn_qty"]) - units))
    stand.rows.append(cancelled(number, units))


def move(stand: Stand, price: int, number: str = SECOND) -> None:
    """The venue moves what is left of the first order to another price."""
    first = stand.rows[0]
    stand.rows.append(revised(number, int(first["rmn_qty"]), price))
    first["rmn_qty"] = "0"


async def resting(units: int = 10, price: int = 70_000, side: str = "buy", **more: Any) -> Stand:
    """An order of ours that rests, and the list has it."""
    stand = Stand(**more)
    if side == "sell":
        stand.hold(SAMSUNG, units, "69000")
    await stand.place(side, units, price)
    stand.said.clear()
    return stand


async def amend(
    stand: Stand, units: int | None = None, price: int | None = None, *then: Callable[[], None]
) -> None:  # fmt: skip
    """Change it; `then`: what the venue does after the first request, the second …"""
    before = len(stand.orders)
    stand.desk.amend("o1", None if units is None else Decimal(units), None if price is None else Decimal(price))
    for count, happens in enumerate(then, 1):
        while len(stand.orders) < before + count:
            await stand.turns(1)
        happens()
    await stand.rest()


def held_reply(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Replies come when the event is set."""
    reply, send = asyncio.Event(), stand.client.send

    async def held(*given: Any, **named: Any) -> Any:
        came = await send(*given, **named)
        await reply.wait()
        return came

    monkeypatch.setattr(stand.client, "send", held)
    return reply


def changes(stand: Stand) -> list[tuple[str, str, str, str, str]]:
    """Requests for changes: what, of which number, units, price, all."""
    names = ("RVSE_CNCL_DVSN_CD", "ORGN_ODNO", "ORD_QTY", "ORD_UNPR", "QTY_ALL_ORD_YN")
    asked = [values for path, _, values in stand.asked if path == "order-rvsecncl"]
    return [tuple(values[name] for name in names) for values in asked]  # type: ignore[misc]


def figures(stand: Stand) -> list[tuple[str, str, int | None, int | None]]:
    """What was told: (status, code, units, price), fills left out."""
    return [
        (str(u.status), u.code, None if u.units is None else int(u.units), None if u.price is None else int(u.price))
        for u in stand.updates
    ]
