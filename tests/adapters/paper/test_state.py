"""Restart equality, and the quick path against the plain one: over whole simulated sessions, to the bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from adapters.paper.broker import PaperVenue
from adapters.paper.instruments import known
from adapters.paper.market import MarketSimulator
from adapters.paper.settings import SettingsError
from adapters.paper.view import MarketView
from ruleengine.model.event import Event, Signal, VenueEvent
from ruleengine.model.order import Cleared, Order
from ruleengine.ports.venue import VenueSetup

FX = ("USD_JPY", "EUR_USD")
HARD: dict[str, Any] = {
    "latency_s": "0.05",
    "jitter_s": "0.2",
    "slippage": {"model": "spread", "share": "0.3"},
    "participation": "0.2",
    "account_every_s": 60,
    "faults": {"reply_lost": 0.1, "request_lost": 0.1, "reject": 0.1, "delay": 0.1,
               "outages": [{"at_s": 600, "for_s": 60}]},
}  # fmt: skip


def session(seed: int) -> tuple[VenueSetup, list[Event]]:
    """Forty minutes of two pairs around New York's 17:00, with a starting book; little room or some."""
    instruments = known(FX)
    balance = "420000" if seed % 2 else "800000"
    account = {"currency": "JPY", "balance": balance, "mode": "hedging", "conversion": {"USD": {"rate": "157"}},
               "financing": {"rates": {"USD_JPY": {"long": "0.02", "short": "-0.04"}}}}  # fmt: skip
    bare = VenueSetup(account, instruments, seed)
    profile = {"duration_s": 2_400, "start": "2026-01-07T21:35:00Z", "defects": {"crossed": 0.002, "scaled": 0.001}}
    market = MarketSimulator.from_setup(bare, profile)
    setup = VenueSetup(
        {**account, "trades": market.starting_trades()}, instruments, seed, {**HARD, "seed": seed}, market.start_ns
    )
    return setup, list(market)


def act(venue: PaperVenue, event: Event) -> list[VenueEvent]:
    """Everything a signal asks for is sent; every third as a limit, every fourth as a stop."""
    if not isinstance(event, Signal):
        return list(venue.on_market(event))  # type: ignore[arg-type]
    number = int(event.id[-6:])
    prices = {key: None if value is None else Decimal(repr(value)) for key, value in
              (("stop", event.stop), ("target", event.target))}  # fmt: skip
    kind = "limit" if number % 3 == 0 else "stop" if number % 4 == 0 else "market"
    order = Order(
        f"d-{event.id}", event.instrument, event.side, Decimal(int(event.size or 1_000)), kind,  # type: ignore[arg-type]
        price=None if kind == "market" else prices["stop"] if kind == "limit" else prices["target"],
        target=prices["target"] if kind == "market" else None,
        stop=prices["stop"] if kind == "market" else None,
        is_reduce_only=number % 5 == 0,
    )  # fmt: skip
    return list(venue.submit(Cleared(order, "i"), event.ts))


def run(venue: PaperVenue, events: list[Event]) -> list[VenueEvent]:
    return [answer for event in events for answer in act(venue, event)]


@pytest.mark.parametrize("seed", range(4))
def test_a_restored_venue_goes_on_to_the_bit(seed: int) -> None:
    setup, events = session(seed)
    through = PaperVenue(setup)
    answers = run(through, events)
    assert sum(answer.kind == "fill" for answer in answers) >= 10
    for cut in (1, len(events) // 3, len(events) // 2 + seed):
        before = PaperVenue(setup)
        first = run(before, events[:cut])
        kept = json.dumps(before.state())
        after = PaperVenue(setup)
        after.restore(json.loads(kept))
        assert json.dumps(after.state()) == kept
        assert first + run(after, events[cut:]) == answers
        assert after.state() == through.state()


@pytest.mark.parametrize("seed", range(4))
def test_the_quick_path_leaves_nothing_out(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    setup, events = session(seed)
    quick = PaperVenue(setup)
    answers = run(quick, events)
    always: Callable[[MarketView], None] = MarketView.watch_always
    monkeypatch.setattr(MarketView, "widen", always)  # every price is looked at
    plain = PaperVenue(setup)
    assert run(plain, events) == answers
    assert plain.state() == quick.state()


def test_the_same_seed_gives_the_same_answers_and_another_gives_others() -> None:
    setup, events = session(1)
    assert run(PaperVenue(setup), events) == run(PaperVenue(setup), events)
    other = VenueSetup(setup.account, setup.instruments, 2, {**setup.settings, "seed": 2}, setup.start_ns)
    assert run(PaperVenue(other), events) != run(PaperVenue(setup), events)


def test_a_state_of_another_version_is_refused() -> None:
    setup, _ = session(0)
    venue = PaperVenue(setup)
    with pytest.raises(SettingsError, match="version"):
        venue.restore({**venue.state(), "version": 99})


def test_equity_is_what_was_booked_and_what_is_open() -> None:
    """Balance = start + realised − fees + cash changes over all answers, heard or still held back."""
    setup, events = session(3)
    quiet = VenueSetup(setup.account, setup.instruments, 3, {}, setup.start_ns)
    venue = PaperVenue(quiet)
    booked = venue.snapshot().balance
    for answer in run(venue, events):
        if answer.kind == "fill":
            booked += answer.realised - answer.fee  # type: ignore[union-attr]
        elif answer.kind == "cash":
            booked += answer.amount  # type: ignore[union-attr]
    assert venue.snapshot().balance == booked
