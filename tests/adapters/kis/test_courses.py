"""Courses of chance: notices late, twice, lost or out of step with the order list; answers lost, restarts between,
and a person who orders the same. Whatever happens, fills count once, and an order is taken for what it is."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.kis import kst
from adapters.wire.clock import NANOS
from ruleengine.model.event import OrderStatus
from ruleengine.ports.venue import SentOrder
from tests.adapters.kis.stand import Stand, notice, order, played, row

SEEDS = range(25)
ENDS = (OrderStatus.ACCEPTED, OrderStatus.ABSENT)


@dataclass(frozen=True)
class Happening:
    """`what`: notice (of a fill of `units` at `price` that was at `filled_s`), read, away, back."""

    at_s: float
    what: str
    filled_s: float = 0.0
    units: int = 0
    price: int = 0


def fills_of(rng: random.Random) -> list[Happening]:
    """What an order of thirty fills, some of it in the same second and alike."""
    found, at_s, left = list[Happening](), 0.0, 30
    while left and rng.random() < 0.95:
        at_s += rng.choice([0.0, 0.1, 0.5, 1, 3, 8])
        units = min(left, rng.choice([1, 1, 2, 4, 4]))
        found.append(Happening(at_s, "fill", at_s, units, rng.choice([71_900, 72_000])))
        left -= units
    return found


def told(rng: random.Random, fills: list[Happening]) -> list[Happening]:
    """Notices of them up to a second late, some twice; the list now and then; the socket away for a while."""
    found, end_s = list[Happening](), (fills[-1].at_s if fills else 0.0) + 12
    for each in fills:
        for _ in range(1 + (rng.random() < 0.1)):
            late_s = each.at_s + rng.random()
            found.append(Happening(late_s, "notice", each.at_s, each.units, each.price))
    found += [Happening(rng.uniform(0, end_s), "read") for _ in range(6)]
    if rng.random() < 0.6:
        lost_s = rng.uniform(0, end_s * 0.7)
        back_s = lost_s + rng.uniform(0.5, 6)
        found = [each for each in found if each.what != "notice" or not lost_s <= each.at_s < back_s]
        found += [Happening(lost_s, "away"), Happening(back_s, "back"), Happening(back_s + 0.5, "read")]
    return sorted(found, key=lambda each: each.at_s)


@pytest.mark.parametrize("seed", SEEDS)
@played
async def test_every_unit_that_filled_counts_once(seed: int) -> None:
    """At no moment more than filled, at the end all of it; the list may be a second behind."""
    rng, stand = random.Random(seed), Stand()
    await stand.place("buy", 30)
    number, begun_ns = stand.rows[0]["odno"], stand.clock.now_ns()
    fills = fills_of(rng)

    async def read(at_s: float) -> None:
        seen = [each for each in fills if each.at_s <= at_s]
        stand.list_fill(sum(each.units for each in seen), sum(each.units * each.price for each in seen))
        await stand.read_list()

    for each in told(rng, fills):
        stand.clock.jump_ns(max(begun_ns + int(each.at_s * NANOS) - stand.clock.now_ns(), 0))
        match each.what:
            case "notice":
                clock = kst.clock_of(begun_ns + int(each.filled_s * NANOS))
                stand.hear(notice(number, "fill", each.units, each.price, ordered="30", clock=clock))
            case "away":
                stand.desk.standing.away()
            case "back":
                stand.desk.standing.back()
            case _:
                await read(each.at_s - rng.random())
        filled = sum(fill.units for fill in fills if fill.at_s <= each.at_s)
        assert sum(fill.units for fill in stand.fills_told) <= filled
    for _ in range(2):
        stand.clock.jump_ns(6 * NANOS)
        await read(1_000)
    assert sum(fill.units for fill in stand.fills_told) == sum(each.units for each in fills)


@pytest.mark.parametrize("seed", SEEDS)
@played
async def test_an_order_is_taken_for_what_it_is(seed: int, tmp_path: Path) -> None:
    """Four orders of one shape after each other, each lost, unanswered or answered, the process killed on the way, a
    person's order of the same shape before some: the number that is told is the one the venue gave it, and an order
    that is not there is absent. (Killed before it read the list, nothing tells it from a person's of the same seconds.)
    """
    rng, stand = random.Random(seed), Stand(folder=tmp_path)
    for name in ("o1", "o2", "o3", "o4"):
        is_killed = rng.random() < 0.5
        if rng.random() < 0.5:
            stand.next_number += 1
            now = kst.clock_of(stand.clock.now_ns())
            stand.rows.append(row(f"{stand.next_number:010d}", 7, ord_tmd=now, tot_ccld_qty=7, tot_ccld_amt=503_300))
            await stand.clock.sleep(10 if is_killed else rng.choice([0.2, 2, 10]))
        stand.faults = list(rng.choice([(), ("lose_request",), ("lose_reply",)]))
        taken, sent_ns = len(stand.orders), stand.clock.now_ns()
        stand.desk.place(order("buy", 7, name=name))
        if is_killed:
            await stand.turns(rng.randrange(5, 200))
            await restarted(stand, name, sent_ns)
        while (last := said(stand, name)) not in ENDS:
            await stand.clock.sleep(1)
            await stand.read_list()
        venue_ids = {update.venue_id for update in stand.updates if update.order_id == name and update.venue_id}
        if len(stand.orders) > taken:
            assert (last, venue_ids) == (OrderStatus.ACCEPTED, {f"20260304-06010-{stand.next_number:010d}"})
        else:
            assert (last, venue_ids) == (OrderStatus.ABSENT, set())
        await stand.clock.sleep(rng.choice([0.1, 1, 5, 30]))


def said(stand: Stand, name: str) -> OrderStatus | None:
    return next((update.status for update in reversed(stand.updates) if update.order_id == name), None)


async def restarted(stand: Stand, name: str, sent_ns: int) -> None:
    """The process is killed, and another goes on with what the record has of the order."""
    await stand.desk.close()
    stand.faults = []
    stand.desk = stand.make_desk()
    if said(stand, name) is not OrderStatus.ABSENT:
        number = next((update.venue_id for update in stand.updates if update.order_id == name and update.venue_id), "")
        filled = sum((fill.units for fill in stand.fills_told if fill.order_id == name), Decimal(0))
        await stand.desk.recover([SentOrder(order("buy", 7, name=name), sent_ns, number, filled)])
