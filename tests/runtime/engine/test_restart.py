"""A snapshot plus the rest of the log gives the same decisions, byte for byte; so does any hash seed."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import AccountRead, LinkChange, OrderStatus, OrderUpdate, Reconciliation
from ruleengine.model.order import Order
from ruleengine.model.venue_book import TradeState, VenueSnapshot
from ruleengine.runtime.snapshot import StateForeign
from tests.runtime.engine.world import SECOND, World, orders, trade

RULES = """
schedules:
  evening: {timezone: America/New_York, windows: [{from: "17:20", to: "18:10"}]}
entries:
  - {id: cross, source: market, when: "sma(m1.close, 3) > sma(m1.close, 5) and not evening", side: long,
     strategy: TrendMA, size: 3_000units, max_open: 2, cooldown: 45s, stop: 30pips}
  - {id: from-signal, source: signal, when: signal.age <= 2s}
guards:
  - {id: spike, applies_to: {intent: entry}, require: "spread <= 3 * avg_over(spread, 60s)"}
  - {id: drawdown, applies_to: {intent: entry}, require: account.drawdown <= 5%}
sizing:
  - {id: by-margin, applies_to: {intent: entry}, scale: "ramp(account.free_margin_ratio, 20%, 35%)"}
caps:
  - {id: margin, applies_to: {intent: entry}, limit: account.margin_used_of_equity_after <= 80%}
hedges:
  - id: relief
    when: account.margin_used_of_available >= 60%
    reduce: {until: account.margin_used_of_available <= 50%, at_least: 1_000units, floor_over_cap: cap,
             at_most: [40% of abs(position.net_units)]}
    cooldown: 20s
    on_unknown: {wait: 10s, then: alert}
exits:
  - id: scale-out
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 2pips, close: 50%}
      - {when: trade.back_off >= 3pips and trade.peak_pips >= 2pips, close: 100%}
    on_unknown: {wait: 30s, then: close}
  - {id: stop, emergency: true, for_each: trade, when: trade.pnl_pips <= -4pips, close: 100%,
     on_unknown: {wait: 30s, then: close}}
  - {id: fade, for_each: trade, when: "rsi(m1, 5) >= 80", close: 100%, on_unknown: {wait: 90s, then: alert}}
  - {id: age, for_each: trade, when: trade.age >= 4min, close: 100%, on_unknown: {wait: 30s, then: close}}
metrics:
  losers: count(t for t in trades if t.pnl < 0)
"""
STEPS = 420


def script(world: World, step: int, draw: random.Random) -> list[Audit]:
    """One step of a made-up day: a quote, or now and then something else; the venue answers at once, or late, or
    not."""
    at = 3 * step + draw.randrange(1000) / 1000
    price = 157 + 0.1 * ((step % 90) / 90) + draw.choice((-0.012, -0.004, 0.0, 0.004, 0.012))
    kind = draw.random()
    found = []
    while (due := world.engine.next_timer_ns()) is not None and due <= world._at(at):
        found.append(world.timer(at=(due - world._at(0)) / 1e9))
    if kind < 0.04:
        found.append(world.signal(draw.choice(("long", "short")), name=f"s{step}", at=at, size=2_000.0, age=1.0))
    elif kind < 0.05:
        ts = world._at(at)
        found.append(world.feed(AccountRead(ts, ts, None, None, failed=True)))
    elif kind < 0.07:
        ts = world._at(at)
        balance = world.engine.holdings.balance
        found.append(world.feed(AccountRead(ts, ts, balance, world.engine.holdings.reported_margin)))
    elif kind < 0.08:
        found.append(world.quote(round(price + 0.1, 3), round(price, 3), at=at))
    elif kind < 0.11:
        found.append(reconcile(world, world._at(at), draw))
    elif kind < 0.13:
        ts = world._at(at)
        channel: Literal["account", "prices"] = "account" if draw.random() < 0.5 else "prices"
        found.append(world.feed(LinkChange(ts, ts, channel, channel in world.engine.contact.down, "made up")))
    else:
        found.append(world.quote(round(price, 3), round(price + draw.choice((0.004, 0.008, 0.03)), 3), at=at))
    for audit in list(found):
        for sent in orders(audit):
            found += answer(world, sent, price, draw)
    return found


def reconcile(world: World, ts: int, draw: random.Random) -> Audit:
    """The venue's book, mostly as ours: now and then of a unit less, a little old, or by another clock."""
    holdings = world.engine.holdings
    assert holdings.balance is not None
    trades = []
    for lot in holdings.open_lots():
        units = lot.units - (draw.random() < 0.6)
        if units > 0:
            who = "" if lot.identity is None else lot.identity.raw_tag
            trades.append(
                TradeState(lot.id, lot.instrument, lot.side, units, lot.price, lot.opened_ns, lot.client_id, who)
            )
    out = [record.order.id for record in world.engine.orders.live() if draw.random() < 0.5]
    stated = ts - draw.choice((0, 0, 5 * SECOND, 500 * SECOND))
    book = VenueSnapshot(stated, holdings.balance, Decimal(0), tuple(trades), tuple(out))
    return world.feed(Reconciliation(ts, stated, book))


def answer(world: World, sent: Order, price: float, draw: random.Random) -> list[Audit]:
    """Filled, filled in part, rejected, nothing heard, or an ack and no more."""
    fate = draw.random()
    if fate < 0.75:
        filled = world.fill(sent, round(price, 3), trade_id=_reduced(world, sent), at=world.now)
        if draw.random() < 0.1:  # a word on it that is stamped later than it is heard
            ts = world._at(world.now)
            return [filled, world.feed(OrderUpdate(ts, ts + 4 * SECOND, sent.id, OrderStatus.ACCEPTED))]
        return [filled]
    if fate < 0.85:
        half = str(int(sent.units / 2) or 1)
        filled = world.fill(
            sent,
            round(price, 3),
            units=half,
            trade_id=_reduced(world, sent),
            is_last=False,
            at=world.now,
        )
        return [filled, world.update(sent, OrderStatus.CANCELLED, at=world.now)]
    if fate < 0.95:
        return [world.update(sent, OrderStatus.REJECTED, code="HALTED", at=world.now)]
    return [world.update(sent, OrderStatus.UNKNOWN if fate < 0.97 else OrderStatus.ACCEPTED, at=world.now)]


def _reduced(world: World, sent: Order) -> str:
    """A reduction of a whole side falls on its largest trade."""
    if not sent.is_reduce_only or sent.trade_id:
        return ""
    side = sent.position_side
    mine = [each for each in world.engine.holdings.trades.values() if each.side is side]
    return max(mine, key=lambda each: each.units).id


def play(restart_at: Callable[[int], bool] = lambda step: False, steps: int = STEPS) -> list[str]:
    """Everything that the script led to, as text."""
    draw = random.Random(11)
    world = World(RULES, balance="60000", trades=(trade("4000", opened_s=-100.0),), metrics_every_s=60)
    said = []
    for step in range(steps):
        if restart_at(step):
            world.restart()
        said += [repr(audit) for audit in script(world, step, draw)]
    return said


def test_the_script_goes_through_what_it_is_meant_to() -> None:
    text = "\n".join(play())
    for word in ("scale-out", "stop", "relief", "age", "from-signal", "cross", "spike", "RE588", "RE589", "RE565",
                 "RE510", "RE511", "RE512", "RE513", "RE514", "RE515", "RE516",
                 "outcome='refused'", "outcome='sent'", "metrics={'losers'"):  # fmt: skip
        assert word in text, word


@pytest.mark.parametrize("every", [1, 7, 31])
def test_snapshot_and_the_rest_of_the_log_give_the_same_decisions(every: int) -> None:
    assert play(lambda step: step > 0 and step % every == 0) == play()


def test_a_state_of_another_version_is_refused_with_what_to_do() -> None:
    world = World(RULES)
    state = {**world.engine.state(), "version": 0}
    with pytest.raises(StateForeign, match="reconcile with the venue"):
        world.engine.restore(state)


def test_no_hash_seed_changes_a_decision() -> None:
    code = (
        "import hashlib; from tests.runtime.engine.test_restart import play;"
        "print(hashlib.sha256(chr(10).join(play()).encode()).hexdigest())"
    )
    digests = set()
    for seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True,
            cwd=Path(__file__).parents[3], check=True,
        )  # fmt: skip
        digests.add(done.stdout.strip())
    assert digests == {hashlib.sha256("\n".join(play()).encode()).hexdigest()}
