"""The operator's situation on the served OANDA simulator, and the shipped FX policy on it as the prompt runs it.

All three clocks (engine, adapter, simulator) are one, which stands still until a test moves it: a Wednesday, 13:00 UTC,
so the FX market is open whenever the test runs, and no answer is late because the machine is busy.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.oanda import adapter
from adapters.oanda.simulator.application import application
from adapters.oanda.simulator.options import Options
from adapters.oanda.simulator.venue import OandaVenue as Simulated
from adapters.oanda.venue import OandaVenue, open_venue
from adapters.simulation.server import Served
from ruleengine.cli.engines import engine_of
from ruleengine.cli.live_history import catch_up, warm_from
from ruleengine.cli.live_session import Reach, prepare_live
from ruleengine.cli.session import Session
from ruleengine.journal import JournalReader, JournalWriter, journal_at
from ruleengine.model.audit import Audit, Decision, Note
from ruleengine.model.event import Event, Signal
from ruleengine.model.side import Side
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import Access, NetworkVenue, VenueSetup
from ruleengine.reports.recorders import JournalRecorder
from ruleengine.runtime.driving.live import LiveLoop
from ruleengine.runtime.driving.resume import Resumed, resume
from ruleengine.runtime.driving.warm import is_warm
from ruleengine.runtime.engine import Engine

POLICY = Path(__file__).parents[2] / "policies" / "fx_hedge" / "fx-hedge.policy.yaml"
SECOND = 1_000_000_000
START = 1_767_790_800 * SECOND
"""Wednesday 2026-01-07 13:00 UTC."""
BEFORE = START - 60 * 86_400 * SECOND
"""From here on the market's path leads to 154.200 at START: more than any history that is asked for."""
WARMED = START - 600 * SECOND
"""Up to here all situations share what features have seen; the rest each run asks for, as a restart does."""
NAME = "USD_JPY"
Row = dict[str, Any]
Held = tuple[int, str, str]
"""A trade of the book: signed units, tag and pocket; without a tag it was opened by hand."""
SEED = 5
PATIENCE_S = 20.0


class AheadClock:
    """Runs as the machine's does, from an instant of its own; `advance` moves it forward and wakes sleepers of every
    thread. Meets the clocks of all three sides."""

    def __init__(self, now_ns: int) -> None:
        self._ahead_ns = now_ns - time.monotonic_ns()
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = {}

    def now_ns(self) -> int:
        return time.monotonic_ns() + self._ahead_ns

    def monotonic(self) -> float:
        return (self.now_ns() - BEFORE) / SECOND

    def advance(self, ns: int) -> None:
        with self._lock:
            self._ahead_ns += ns
            for future, loop in self._waiting.items():
                loop.call_soon_threadsafe(_wake, future)

    async def sleep_until(self, due_ns: int) -> None:
        loop = asyncio.get_running_loop()
        while (left := due_ns - self.now_ns()) > 0:
            future: asyncio.Future[None] = loop.create_future()
            with self._lock:
                self._waiting[future] = loop
            try:
                await asyncio.wait((future,), timeout=left / SECOND)
            finally:
                with self._lock:
                    del self._waiting[future]

    async def sleep_until_ns(self, ts: int) -> None:
        await self.sleep_until(ts)

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now_ns() + round(seconds * SECOND))


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Run:
    """One process: a venue of its own, the engine warm or gone on with, the live loop."""

    def __init__(self, engine: Engine, venue: NetworkVenue, clock: AheadClock, found: Resumed | None) -> None:
        self.engine, self.found = engine, found
        self.decisions: list[Decision] = []
        self.notes: list[Note] = []
        self.signals: asyncio.Queue[Signal] = asyncio.Queue()
        restart = None if found is None else found.restart
        self.loop = LiveLoop(
            engine, venue, clock, on_audit=self._told, signals=self._said(), restart=restart,
        )  # fmt: skip
        self.task = asyncio.create_task(self.loop.run())

    def sent(self, *kinds: str) -> list[Decision]:
        return [each for each in self.decisions if each.outcome == "sent" and each.kind in kinds]

    def refused(self, side: str) -> list[Decision]:
        """Entries of a side that our own rules refused."""
        return [each for each in self.decisions if (each.kind, each.side, each.outcome) == ("entry", side, "refused")]

    def told(self, code: str) -> int:
        """How many notes of a code."""
        return len([each for each in self.notes if each.code == code])

    async def _said(self) -> AsyncIterator[Event]:
        while True:
            yield await self.signals.get()

    def _told(self, event: Event, audit: Audit) -> None:
        self.decisions += audit.decisions
        self.notes += audit.notes


class Situation:
    """An account at the served simulator; a person at its controls; runs on it, one after the other."""

    def __init__(self, served: Served, simulated: Simulated, clock: AheadClock, person: httpx.AsyncClient) -> None:
        self.served, self.simulated, self.clock, self.person = served, simulated, clock, person
        self.account_id = ""
        self.begun_with = 0
        self._asked = 0
        self._token = "key-of-the-operator"

    # --- at the venue ------------------------------------------------------------------------------------------------

    async def get(self, path: str = "", **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        where = f"/v3/accounts/{self.account_id}{path}" if self.account_id else "/v3/accounts"
        reply = await self.person.get(where, headers=headers, params=query)
        assert reply.is_success, reply.text
        return reply.json()

    async def control(self, name: str, **body: Any) -> Any:
        reply = await self.person.post(f"/_control/{name}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    async def summary(self) -> Any:
        return (await self.get("/summary"))["account"]

    async def transactions(self) -> list[Row]:
        """All that the venue recorded since the book stood."""
        return list((await self.get("/transactions/sinceid", id=self.begun_with))["transactions"])

    async def price(self, bid: str) -> None:
        """The price stands still at it, with the usual spread of 0.8 pips."""
        await self.control("price", instrument=NAME, bid=bid, ask=str(Decimal(bid) + Decimal("0.008")))

    async def hold(self, trades: Sequence[Held], nav: int) -> None:
        """Open the trades at 154.200/154.208, where the price stands, and bring the net asset value to `nav` there."""
        await self.price("154.200")
        for number, (units, tag, pocket) in enumerate(trades):
            ours = {"id": f"qr-{number}", "tag": tag, "comment": pocket}
            named = {"clientExtensions": ours, "tradeClientExtensions": ours} if tag else {}
            reply = await self.control("trade", instrument=NAME, units=str(units), **named)
            assert "orderFillTransaction" in reply
        await self.control("transfer", amount=str(nav - Decimal((await self.summary())["NAV"])))
        self.begun_with = int((await self.summary())["lastTransactionID"])

    # --- runs --------------------------------------------------------------------------------------------------------

    async def _reached(self) -> tuple[OandaVenue, Session]:
        """The venue, asked, and held against the policy."""
        access = Access("practice", self.account_id, self.served.address, {"token": SecretStr(self._token)})
        venue = await open_venue(VenueSetup({}, (), 0, access=access), clock=self.clock)
        reach = Reach("oanda", None, self.account_id, self.served.address)
        return venue, await prepare_live(POLICY, reach, (), (), adapter, venue, None)

    async def warmed(self) -> dict[str, Any]:
        """State of an engine that has seen the venue's history up to now, and nothing of the account."""
        venue, session = await self._reached()
        engine = await warm_from(lambda: engine_of(session, None, "run"), venue, self.clock.now_ns())
        assert is_warm(engine)
        await venue.close()
        return engine.state()

    @asynccontextmanager
    async def running(self, folder: Path, warm: dict[str, Any]) -> AsyncIterator[Run]:
        """A process on the journal of a folder: begun there, or gone on with."""
        venue, session = await self._reached()
        name = str(session.account["name"])
        with JournalWriter(journal_at(folder), name) as writer, JournalReader(journal_at(folder), name) as reader:
            recorder = JournalRecorder(writer, session.policy, name, "1")

            def make(run_id: str, record: Recorder | None) -> Engine:
                return engine_of(session, record, run_id)

            found = resume(reader, make, recorder)
            if found is None:
                engine = make("run", recorder)
                engine.restore(warm)
            else:
                engine = found.engine
            await catch_up(engine, venue, self.clock.now_ns())
            engine.desk.seq = writer.event_no
            run = Run(engine, venue, self.clock, found)
            try:
                await self.spend(run, 2)
                yield run
            finally:
                run.loop.stop()
                self.served.call(self._step(1))
                await run.task

    async def spend(self, run: Run, seconds: float, step_s: float = 0.5) -> None:
        """Let time pass in steps; each is over when the run has the venue's price of it."""
        for _ in range(round(seconds / step_s)):
            self.served.call(self._step(step_s))
            async with asyncio.timeout(PATIENCE_S):
                while _quoted_ns(run.engine) < self.clock.now_ns() - 2 * SECOND and not run.task.done():
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.01)
            if run.task.done():
                await run.task

    def _step(self, seconds: float) -> Any:
        def step() -> None:
            self.clock.advance(round(seconds * SECOND))
            self.simulated.settle()

        return step

    def ask(self, run: Run, strategy: str, side: Side, size: float | None = 10_000.0, name: str = "") -> str:
        """A signal, made now; its id."""
        self._asked += 1
        name, now = name or f"s-{self._asked}", self.clock.now_ns()
        run.signals.put_nowait(Signal(now, now, name, NAME, strategy, side, size=size))
        return name


def _quoted_ns(engine: Engine) -> int:
    quoted = engine.markets[NAME].frame.quoted_at
    return quoted if isinstance(quoted, int) else 0


@asynccontextmanager
async def situation(trades: Sequence[Held] = (), nav: int = 303_000, begun_ns: int = START) -> AsyncIterator[Situation]:
    """A hedging account in yen at 4 %, with these trades and this net asset value at 154.2."""
    clock = AheadClock(BEFORE)
    given = {"hedging": "true", "currency": "JPY", "margin_rate": "0.04", "rate": "0", "hours": "new_york"}
    simulated = Simulated(SEED, Options.of(given), clock)
    market = simulated.market
    moved = market.top(NAME, START).bid - market.top(NAME, BEFORE).bid
    begin = Decimal("154.200") - moved
    market.set_price(NAME, begin, begin + Decimal("0.008"))
    market.walk(NAME)
    clock.advance(begun_ns - BEFORE)
    with Served(application(simulated)) as served:
        async with httpx.AsyncClient(base_url=served.address, trust_env=False, timeout=20) as person:
            made = Situation(served, simulated, clock, person)
            made.account_id = (await made.get())["accounts"][0]["id"]
            if trades:
                await made.hold(trades, nav)
            yield made
