"""What tests of runs over a network share: a folder with a policy, and a venue that is served on this machine. The
policy buys when there is a price and sells two seconds later, so that a few seconds hold whole rounds."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from adapters.kis.simulator import simulator as kis
from adapters.oanda.simulator import simulator as oanda
from adapters.okx.simulator import simulator as okx
from ruleengine.journal import JournalReader, JournalUnreadable, Row, journal_at
from tests.cli.asking import ask
from tests.waiting import PATIENCE_S

POLICY = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {{name: rounds, version: 1.0.0, description: whole rounds in a few seconds}}
requires: {{account: any, currency: {currency}, instruments: ["{instrument}"]}}
strategies: {{rounds: {{pocket: quick}}}}
pockets: [quick]
ownership: [qr]
limits:
  max_order_units: 10_000units
  max_position_units: 10_000units
  price_collar: 200bps
  repeated_execution: {{orders: 100, within: 60s}}
  refusals: {{count: 3, within: 60s, pause: 60s}}
  quote_age_max: 10s
entries:
  - id: buy
    source: market
    strategy: rounds
    side: long
    when: bid > 0
    size: {size}
    max_open: 1
    cooldown: 3s
exits:
  - id: out
    for_each: position
    when: position.age > 2s
    close: 100%
    on_unknown: {{wait: 30s, then: close}}
"""


WATCHER = (
    POLICY[: POLICY.index("entries:")]
    + """\
entries:
  - id: up
    source: market
    strategy: rounds
    enforcement: shadow
    side: long
    when: bid > avg_over(bid, 1s) and rsi(m1, 14) >= 0
    size: {size}
  - id: down
    source: market
    strategy: rounds
    enforcement: shadow
    side: long
    when: bid < avg_over(bid, 1s) and sma(m1.close, 20) > 0
    size: {size}
"""
)
"""Sends nothing, and decides on every turn of the price, with minutes from before the run."""

ACCOUNT = """\
apiVersion: ruleengine/v1
kind: Account
name: desk
currency: JPY
mode: netting
"""


@dataclass(frozen=True)
class Place:
    """A venue, how it is reached, and what trades there. `size`: of one order in the venue's own units."""

    venue: str
    currency: str
    instrument: str
    written: str
    size: Decimal
    secrets: dict[str, str]
    account_id: str = ""

    def arguments(self, address: str) -> list[str]:
        own = ["--account-id", self.account_id] if self.account_id else []
        return ["--adapter", self.venue, "--address", address, *own]


OANDA = Place("oanda", "JPY", "USD_JPY", "2_000units", Decimal(2_000), {"OANDA_TOKEN": "canary-oanda-token"})
OKX = Place(
    "okx", "USDT", "BTC-USDT-SWAP", "2contracts", Decimal(2),
    {"OKX_KEY": "canary-okx-key", "OKX_SECRET": "canary-okx-secret", "OKX_PASSPHRASE": "canary-okx-phrase"},
)  # fmt: skip
KIS = Place(
    "kis", "KRW", "005930", "2units", Decimal(2),
    {"KIS_APPKEY": "canarykey".ljust(36, "k"), "KIS_APPSECRET": "canarysecret".ljust(180, "s"), "KIS_HTS_ID": "tester"},
    "12345678-01",
)  # fmt: skip
PLACES = {"oanda": OANDA, "okx": OKX, "kis": KIS}
SERVERS: dict[str, Any] = {"oanda": oanda, "okx": okx, "kis": kis}


@dataclass
class Desk:
    """A folder with the policy, and the venue that is served."""

    place: Place
    folder: Path
    address: str

    @property
    def arguments(self) -> list[str]:
        return ["run", "--policy", "rounds.policy.yaml", *self.place.arguments(self.address)]

    def run(self, is_done: Callable[[], bool]) -> dict[str, Any]:
        """A run in this process that is interrupted once `is_done`, however long a busy machine takes for it. It is not
        asked before the run has recorded an event: until then an interrupt gives the start up."""
        over, before = threading.Event(), self.last_seq()

        def interrupt() -> None:
            try:
                while not (self.rows("event", before + 1) and is_done()):
                    if over.wait(0.05):
                        return
            finally:
                if not over.is_set():
                    os.kill(os.getpid(), signal.SIGINT)

        with ThreadPoolExecutor(1) as threads:
            watching = threads.submit(interrupt)
            try:
                found = ask(*self.arguments, "--duration", f"{PATIENCE_S}s", "--format", "json")
            finally:
                over.set()
        watching.result()
        assert found.code == 0, found.err
        assert is_done(), f"not in {PATIENCE_S} s"
        answer: dict[str, Any] = json.loads(found.out)
        return answer

    def venue(self) -> dict[str, Any]:
        """What the venue has: positions and orders of the account, by its own ledger."""
        ledger = httpx.get(f"{self.address}/_control/ledger", trust_env=False).json()["accounts"]
        none: dict[str, Any] = {"orders": [], "trades": []}  # its account comes to be when it is first asked for
        account: dict[str, Any] = (
            ledger.get(self.place.account_id, none) if self.place.account_id else next(iter(ledger.values()), none)
        )
        return account

    def move_price(self, over: threading.Event) -> None:
        """Up and down by a thousandth, until it is over."""
        name = self.place.instrument
        state = httpx.get(f"{self.address}/_control/state", trust_env=False).json()["instruments"][name]
        bid, ask = Decimal(str(state["bid"])), Decimal(str(state["ask"]))
        step, is_up = (Decimal(500) if self.place is KIS else round(bid / 1000, 1)), False
        while not over.wait(0.7):
            is_up = not is_up
            body = {"instrument": name, "bid": str(bid + step * is_up), "ask": str(ask + step * is_up)}
            assert httpx.post(f"{self.address}/_control/price", json=body, trust_env=False).status_code == 200

    def rows(self, kind: str, from_seq: int = 1) -> list[Row]:
        """What the record has of a kind, so far."""
        try:
            with self.journal() as journal:
                return list(journal.rows(kinds=[kind], from_seq=from_seq))
        except (JournalUnreadable, StopIteration):  # it is being made
            return []

    def last_seq(self) -> int:
        try:
            with self.journal() as journal:
                return journal.last_seq
        except (JournalUnreadable, StopIteration):
            return 0

    def sendings(self) -> list[str]:
        """Orders that were handed over, by the record."""
        return [row.key for row in self.rows("order") if row.body["state"] == "sending"]

    def filled(self) -> list[Decimal]:
        """Signed units of the orders that filled, in the venue's order."""
        return [Decimal(order["units"]) for order in self.venue()["orders"] if order["state"] in ("filled", "FILLED")]

    @property
    def journal_folder(self) -> Path:
        return next((self.folder / ".ruleengine").glob(f"{self.place.venue}-*"))

    def journal(self) -> JournalReader:
        return JournalReader(journal_at(self.journal_folder))
