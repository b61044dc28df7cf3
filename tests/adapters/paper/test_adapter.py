"""The paper adapter meets the port, is found, and costs nothing until it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

from adapters.paper import PaperAdapter, adapter
from adapters.paper.broker import PaperVenue
from adapters.paper.instruments import known, names
from adapters.paper.live import LivePaper
from adapters.paper.market import MarketSimulator
from ruleengine.ports.venue import Adapter, MarketSource, SimulatedVenue, Venue, VenueSetup


def test_every_part_meets_its_protocol() -> None:
    setup = VenueSetup({"currency": "JPY", "balance": "1"}, known(["USD_JPY"]), 1)
    as_adapter: Adapter = adapter  # mypy holds these against the protocols
    machine = PaperVenue(setup)
    as_simulated: SimulatedVenue = machine
    as_market: MarketSource = MarketSimulator.from_setup(setup, {})
    as_venue: Venue = LivePaper(machine, as_market)
    assert isinstance(as_simulated, SimulatedVenue)
    assert as_adapter.capabilities == as_simulated.capabilities == as_venue.capabilities
    assert not adapter.capabilities.needs_network
    assert as_market.description.startswith("simulated market: USD_JPY")


def test_it_is_found_by_entry_point() -> None:
    (found,) = entry_points(group="ruleengine.adapters", name="paper")
    assert isinstance(found.load(), PaperAdapter)


def test_it_knows_instruments_and_leaves_out_the_rest() -> None:
    wanted = ["USD_JPY", "EUR_USD", "NZD_USD", "CAD_JPY", "BTC-USDT-SWAP", "DOGE-USDT-SWAP", "005930", "SPY", "NOPE"]
    assert [spec.name for spec in adapter.instruments(wanted)] == wanted[:-1]
    for spec in adapter.instruments(names()):
        assert spec.lot > 0
        assert spec.tick > 0
        assert spec.min_size % spec.lot == 0


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("numpy", "pydantic", "httpx", "duckdb", "holidays", "asyncio", "adapters.paper.broker")
    code = f"import sys, adapters.paper; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_report_has_every_assumption() -> None:
    account = {"currency": "JPY", "balance": "1", "mode": "hedging", "fees": {"taker": "0.0001"},
               "instruments": {"USD_JPY": {"spread": "0.8pips"}},
               "financing": {"rates": {"USD_JPY": {"long": "0.015"}}}}  # fmt: skip
    settings = {"latency_s": "0.05", "slippage": {"model": "ticks", "ticks": 2}, "participation": "0.5",
                "faults": {"reply_lost": 0.01}, "seed": 9}  # fmt: skip
    lines = dict(PaperVenue(VenueSetup(account, known(["USD_JPY"]), 1, settings)).assumptions())
    assert lines["account"] == "hedging, JPY, margin max_side"
    assert lines["latency"] == "50 ms; an order meets the market as of its arrival"
    assert lines["slippage"] == "2 ticks on market orders and triggered stops"
    assert lines["size taken"] == "at most 50 % of what is shown; where no size is shown: unlimited"
    assert lines["inside a bar"].endswith("a stop and a target in one bar: the stop")
    assert lines["injected faults"] == "reply lost 0.01"
    assert lines["fees USD_JPY"] == "maker 0 %, taker 0.01 %"
    assert lines["financing USD_JPY"] == "long 1.5 %, short 0 % a year, 17:00 New York"
    assert lines["spread USD_JPY"] == "0.008 JPY where the data has no bid and ask"
    assert lines["seed"] == "9"
    swap = known(["BTC-USDT-SWAP"])
    assumed = dict(PaperVenue(VenueSetup({"currency": "USDT", "balance": "1"}, swap, 1)).assumptions())
    assert assumed["fees BTC-USDT-SWAP"] == "maker 0.02 %, taker 0.05 % (assumed: the account file states none)"
