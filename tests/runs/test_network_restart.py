"""An engine on the served simulator of each venue: it opens, its exit's answer is lost, its process is killed in that
moment, and a new one goes on from the journal. Nothing is accepted twice, and the book is the venue's.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.simulation.server import Served
from ruleengine.journal import JournalReader, JournalWriter, journal_at, verify
from ruleengine.model.instrument import Instrument
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import Access, NetworkVenue, VenueSetup
from ruleengine.runtime.driving.live import LiveLoop
from ruleengine.runtime.driving.resume import Resumed, resume
from ruleengine.runtime.engine import Engine
from tests.runtime.driving.killed import recorder_of
from tests.runtime.engine.world import HEAD, plan_of

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Case:
    """`prices`: (bid, ask) at first, where the entry opens, and where the exit closes. `path`: of new orders."""

    venue: str
    instrument: str
    currency: str
    mode: str
    prices: tuple[tuple[str, str], ...]
    opens_over: str
    closes_under: str
    size: str
    path: str
    secrets: tuple[tuple[str, str], ...]
    account: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def rules(self) -> str:
        return f"""
entries:
  - {{id: rise, source: market, when: mid > {self.opens_over}, side: long, strategy: TrendMA, size: {self.size},
     max_open: 1}}
exits:
  - {{id: cut, for_each: trade, when: mid < {self.closes_under}, close: 100%, on_unknown: {{wait: 30s, then: alert}}}}
"""

    @property
    def head(self) -> str:
        head = HEAD.replace("currency: JPY", f"currency: {self.currency}").replace("qr-", "qr")
        return head.replace("USD_JPY", f'"{self.instrument}"')


CASES = [
    Case(
        "oanda", "USD_JPY", "JPY", "hedging",
        (("157.000", "157.004"), ("157.100", "157.104"), ("156.900", "156.904")), "157.05", "156.95", "3_000units",
        "/v3/accounts/", (("token", "key-of-a-test"),),
        options=(("rate", "0"), ("currency", "JPY"), ("balance", "500000"), ("margin_rate", "0.04")),
    ),
    Case(
        "okx", "BTC-USDT-SWAP", "USDT", "netting",
        (("60000", "60000.1"), ("60100", "60100.1"), ("59900", "59900.1")), "60050", "59950", "0.03units",
        "/api/v5/trade/order", (("key", "k" * 36), ("secret", "s" * 32), ("passphrase", "Passphrase1!")),
    ),
    Case(
        "kis", "005930", "KRW", "netting",
        (("70000", "70100"), ("70500", "70600"), ("69000", "69100")), "70400", "69500", "10units",
        "/uapi/domestic-stock/v1/trading/order-cash",
        (("appkey", "P" * 36), ("appsecret", "s" * 180), ("hts_id", "testing")), account="12345678-01",
    ),
]  # fmt: skip


class WallClock:
    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until_ns(self, ts: int) -> None:
        await asyncio.sleep(max((ts - time.time_ns()) / 1e9, 0.0))


class Stand:
    """One account at a served simulator, and a person at its controls."""

    def __init__(self, case: Case, address: str, person: httpx.AsyncClient, folder: Path) -> None:
        self.case, self.address, self.person, self.folder = case, address, person, folder
        self.account_id = case.account
        self.plan, self.figures = plan_of(case.rules, head=case.head)

    async def control(self, name: str, **body: Any) -> None:
        reply = await self.person.post(f"/_control/{name}", json=body)
        assert reply.is_success, reply.text

    async def price(self, number: int) -> None:
        bid, ask = self.case.prices[number]
        await self.control("price", instrument=self.case.instrument, bid=bid, ask=ask)

    async def accepted(self) -> list[dict[str, Any]]:
        """Orders that the venue took in any account."""
        accounts = (await self.person.get("/_control/ledger")).json()["accounts"]
        return [order for account in accounts.values() for order in account["orders"]]

    async def open(self) -> NetworkVenue:
        if self.case.venue == "oanda" and not self.account_id:
            headers = {"Authorization": f"Bearer {self.case.secrets[0][1]}"}
            rows = (await self.person.get("/v3/accounts", headers=headers)).json()["accounts"]
            self.account_id = str(rows[1]["id"])
        secrets = {name: SecretStr(text) for name, text in self.case.secrets}
        adapter = import_module(f"adapters.{self.case.venue}").adapter
        venue: NetworkVenue = await adapter.open(
            VenueSetup({}, (), 0, access=Access("practice", self.account_id, self.address, secrets))
        )
        assert (await venue.account()).mode == self.case.mode
        return venue

    def maker(self, specs: tuple[Instrument, ...]) -> Callable[[str, Recorder | None], Engine]:
        account = {"name": "test", "currency": self.case.currency, "mode": self.case.mode, "balance": "1000000"}
        return lambda run_id, recorder: Engine(
            self.plan, specs, account, recorder, run_id=run_id, policy_digest="digest", figures=self.figures
        )

    async def run(self, folder: Path, script: Callable[[LiveLoop], Awaitable[None]]) -> tuple[LiveLoop, Resumed | None]:
        """A run on the journal of a folder, until the script has come to its end."""
        venue = await self.open()
        make = self.maker(await venue.instruments([self.case.instrument]))
        with JournalWriter(journal_at(folder), "test") as writer, JournalReader(journal_at(folder), "test") as reader:
            recorder = recorder_of(writer)
            found = resume(reader, make, recorder)
            engine = make("run", recorder) if found is None else found.engine
            engine.desk.seq = writer.event_no
            loop = LiveLoop(engine, venue, WallClock(), restart=None if found is None else found.restart)
            running = asyncio.create_task(loop.run())
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await script(loop)
            finally:
                loop.stop()
                await running
        return loop, found


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.02)


def held(loop: LiveLoop) -> float:
    return float(sum(lot.units for lot in loop.engine.holdings.open_lots()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.venue)
def test_a_killed_run_goes_on_at_the_venue(case: Case, tmp_path: Path) -> None:
    simulator = import_module(f"adapters.{case.venue}.simulator").simulator
    first, killed = tmp_path / "first", tmp_path / "killed"
    first.mkdir()

    async def day(address: str) -> None:
        async with httpx.AsyncClient(base_url=address) as person:
            stand = Stand(case, address, person, tmp_path)
            await stand.price(0)

            async def until_killed(loop: LiveLoop) -> None:
                await until(lambda: loop.counts.rows > 2)
                await stand.price(1)
                await until(lambda: held(loop) > 0 and not loop.out)
                await stand.control("fault", kind="lose_reply", path=case.path, count=1)
                await stand.price(2)
                await until(lambda: loop.counts.commands == 2)
                # what is on the disk in this moment is all that a killed process leaves
                killed.mkdir()
                for name in ("journal.sqlite", "journal.sqlite-wal", "journal.head"):
                    shutil.copy(first / name, killed / name)

            await stand.run(first, until_killed)

            async def until_settled(loop: LiveLoop) -> None:
                await until(lambda: loop.engine.contact.is_sure and not loop.out and held(loop) == 0)

            loop, found = await stand.run(killed, until_settled)
            assert found is not None
            assert [each.order.is_reduce_only for each in found.restart.sent] == [True]
            assert found.restart.unsent == []
            assert [order["state"].lower() for order in await stand.accepted()] == ["filled", "filled"]
            assert loop.engine.contact.books_agree
        assert verify(journal_at(killed), account="test").is_sound

    with Served(simulator.app(11, dict(case.options))) as served:
        asyncio.run(day(served.address))
