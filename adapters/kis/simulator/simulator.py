"""KIS as `ruleengine simulate kis` serves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.kis.simulator.keys import KEY_LENGTH, SECRET_LENGTH
from adapters.kis.simulator.settings import OPTIONS, read
from adapters.simulation.clock import Clock, WallClock
from adapters.simulation.faults import App
from adapters.simulation.simulator import OnLoopback


class KisSimulator(OnLoopback):
    """Meets `ports.simulator.Simulator`."""

    venue = "kis"
    options: Mapping[str, str] = OPTIONS

    def app(self, seed: int, options: Mapping[str, str], clock: Clock | None = None) -> App:
        """The server. `clock`: the wall's where none is given."""
        from adapters.kis.simulator.server import application
        from adapters.kis.simulator.venue import Venue

        return application(Venue(seed, read(options), clock or WallClock()))

    def greeting(self, address: str) -> Sequence[str]:
        return (
            f"KIS Open API at {address} (REST) and {address.replace('http', 'ws', 1)} (WebSocket, any path)",
            f"export KIS_APPKEY={'P' * KEY_LENGTH}",
            f"export KIS_APPSECRET={'s' * SECRET_LENGTH}",
            "export KIS_HTS_ID=simulated",
            f"Any key of {KEY_LENGTH} characters with a secret of {SECRET_LENGTH} is taken;",
            "the first account that it names is made: flat, with money.",
            "Calls with mock's tr_ids (V…) are mock's, others live's; a key belongs to where it was first used.",
            f"ruleengine run --policy POLICY --adapter kis --account-id 12345678-01 --address {address}",
            f"steer it: {address}/_control (price, market, clock, fault, trade, halt, vi, token, ledger, state)",
        )


simulator = KisSimulator()
