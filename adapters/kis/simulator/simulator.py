"""KIS as `ruleengine simulate kis` serves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.kis.simulator.keys import KEY_LENGTH, SECRET_LENGTH
from adapters.kis.simulator.settings import OPTIONS, read
from adapters.simulation.clock import Clock, WallClock
from adapters.simulation.faults import App


class KisSimulator:
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
            f"KIS simulator at {address} (REST, and WebSocket on any path of {address.replace('http', 'ws', 1)})",
            "",
            f"export KIS_APPKEY={'P' * KEY_LENGTH}",
            f"export KIS_APPSECRET={'s' * SECRET_LENGTH}",
            "export KIS_ACCOUNT=12345678-01",
            "",
            f"Any app key of {KEY_LENGTH} characters with a secret of {SECRET_LENGTH} is taken, its account made with",
            "the first call: flat, with money. tr_ids that begin with V are mock's.",
        )


simulator = KisSimulator()
