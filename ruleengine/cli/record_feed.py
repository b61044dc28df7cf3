"""What `record` follows: a venue over a network, or the simulated market that an adapter brings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruleengine.cli.documents import shaped_or_exit
from ruleengine.cli.failure import CommandError
from ruleengine.cli.live_session import Reach, opened, prepare_live
from ruleengine.cli.record_past import fetched_past, simulated_past
from ruleengine.cli.session import Session, prepare, simulated_profile
from ruleengine.cli.signals import from_file, is_stream
from ruleengine.cli.venues import adapter_named
from ruleengine.model.event import Event, MarketEvent
from ruleengine.ports.venue import Adapter, NetworkVenue, VenueSetup
from ruleengine.runtime.driving.drive import merged
from ruleengine.schema.account import Account

_NANOS = 1_000_000_000
_TURN = 64
"""So many events are taken as fast as they come before others get their turn."""


@dataclass(frozen=True)
class Wish:
    """What the prompt asks for. `history_ns`: how much of the past at least; `speed`, `seed`: of a simulated market."""

    reach: Reach
    instruments: tuple[str, ...]
    policy: Path | None
    overlays: tuple[Path, ...]
    sets: tuple[str, ...]
    signals: str | None
    history_ns: int
    speed: float
    seed: int


@dataclass(frozen=True)
class Feed:
    """A market that is ready to be followed. `past`: what lies before `start_ns`, in order. `trades`: the book that a
    simulated market starts with. `now_ns`: time for what comes from elsewhere; None: that of the market's events.
    `is_wall`: whether time passes there as it does here."""

    venue: str
    description: str
    start_ns: int
    past: Iterable[MarketEvent]
    events: AsyncIterator[Event]
    trades: tuple[dict[str, Any], ...] = ()
    now_ns: Callable[[], int] | None = None
    is_wall: bool = False


@asynccontextmanager
async def opened_feed(wish: Wish) -> AsyncIterator[Feed]:
    """The market, reached; let go of at the end."""
    if (wish.policy is None) == (not wish.instruments):
        raise CommandError("give --instrument NAME, or --policy FILE for those of a policy", "one of the two")
    adapter = adapter_named(wish.reach.adapter or _of_account(wish.reach))
    if not adapter.capabilities.needs_network:
        yield _simulated(adapter, wish)
        return
    if wish.signals is not None and not is_stream(wish.signals):
        raise CommandError(
            f"--signals {wish.signals}: a file, but what is recorded comes now", "name a socket, or - for a stream"
        )
    async with opened(wish.reach) as (_, venue, shaped):
        session = None
        names = list(wish.instruments)
        if wish.policy is not None:
            session = await prepare_live(wish.policy, wish.reach, wish.overlays, wish.sets, adapter, venue, shaped)
            names = [each.name for each in session.instruments]
        else:
            await _require(venue, adapter, names)
        past, start_ns = await fetched_past(session, venue, names, wish.history_ns, time.time_ns)
        await venue.snapshot()
        name = adapter.capabilities.name
        told = f"{name}: {', '.join(names)}"
        yield Feed(name, told, start_ns, past, venue.events(), now_ns=time.time_ns, is_wall=True)


def _of_account(reach: Reach) -> str:
    """The venue that the account file names."""
    shaped: Account = shaped_or_exit(reach.account or Path(), Account)
    return shaped.venue.name.text


async def _require(venue: NetworkVenue, adapter: Adapter, names: Sequence[str]) -> None:
    await venue.account()
    known = {each.name for each in await venue.instruments(names)}
    missing = [name for name in names if name not in known]
    if missing:
        raise CommandError(f"{adapter.capabilities.name} has no {', '.join(missing)} for this account", _named(adapter))


def _named(adapter: Adapter) -> str:
    form = adapter.capabilities.names
    return "name instruments as it does" + (f", like {form.example}" if form is not None else "")


def _simulated(adapter: Adapter, wish: Wish) -> Feed:
    session, setup, profile = _profile(adapter, wish)
    try:
        market = adapter.market(setup, profile)
    except ValueError as error:
        raise CommandError(f"the simulated market: {error}", "mend the account file") from None
    if market is None:
        raise CommandError(f"{adapter.capabilities.name} brings no market", "name a venue over a network")
    source: Iterable[Event] = market
    if wish.signals is not None and not is_stream(wish.signals):
        source = merged(market, from_file(wish.signals))
    return Feed(
        adapter.capabilities.name,
        market.description,
        market.start_ns,
        simulated_past(session, market.history, wish.history_ns, market.start_ns),
        _paced(source, wish.speed),
        tuple(market.starting_trades()),
    )


def _profile(adapter: Adapter, wish: Wish) -> tuple[Session | None, VenueSetup, dict[str, Any]]:
    """A policy's market is the one that `run` would have; instruments alone have no signals and no book."""
    if wish.policy is not None:
        session = prepare(wish.policy, wish.reach.account, wish.overlays, wish.sets, wish.seed)
        if session.adapter is not adapter:
            raise CommandError(f"--adapter {wish.reach.adapter}, but {session.account_file} is of another venue", "")
        return session, session.setup(0), simulated_profile(session)
    specs = adapter.instruments(wish.instruments)
    missing = [name for name in wish.instruments if name not in {each.name for each in specs}]
    if missing:
        raise CommandError(f"{adapter.capabilities.name} has no {', '.join(missing)}", _named(adapter))
    names = {"instruments": list(wish.instruments), "signals": [], "book": []}
    return None, VenueSetup({}, specs, wish.seed), names


async def _paced(source: Iterable[Event], speed: float) -> AsyncIterator[Event]:
    """Events when their time has come; as fast as they are taken where `speed` is 0."""
    loop = asyncio.get_running_loop()
    begun_wall, begun_ns = loop.time(), 0
    for number, event in enumerate(source):
        begun_ns = begun_ns or event.ts
        wait = begun_wall + (event.ts - begun_ns) / _NANOS / speed - loop.time() if speed else 0.0
        if wait > 0 or number % _TURN == 0:
            await asyncio.sleep(max(wait, 0.0))
        yield event
