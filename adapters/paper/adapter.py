"""What the entry point names. Importing it costs nothing: the venue and the market load when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from adapters.paper.limits import CAPABILITIES
from ruleengine.model.event import Event
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Capabilities, SecretName, SimulatedVenue, VenueSetup

if TYPE_CHECKING:
    from adapters.paper.broker import PaperVenue
    from adapters.paper.live import LivePaper
    from adapters.paper.market.simulator import MarketSimulator


class PaperAdapter:
    """Meets `Adapter`."""

    capabilities: Capabilities = CAPABILITIES
    secrets: Sequence[SecretName] = ()

    def simulated(self, setup: VenueSetup) -> PaperVenue:
        """The machine that a dry run steps."""
        from adapters.paper.broker import PaperVenue

        return PaperVenue(setup)

    def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Specifications it knows; unknown names are left out."""
        from adapters.paper.instruments import known

        return known(names)

    def market(self, setup: VenueSetup, profile: dict[str, Any]) -> MarketSimulator:
        """A seeded market over the setup's instruments, with a starting book and signals (see `market.profile`)."""
        from adapters.paper.market.simulator import MarketSimulator

        return MarketSimulator.from_setup(setup, profile)

    def live(self, machine: SimulatedVenue, feed: Iterable[Event], speed: float) -> LivePaper:
        """A machine in a live loop over a feed of the caller's."""
        from adapters.paper.broker import PaperVenue
        from adapters.paper.live import LivePaper

        if not isinstance(machine, PaperVenue):
            raise TypeError(f"{type(machine).__name__} is no machine of the paper venue")
        return LivePaper(machine, feed, speed=speed)

    async def open(self, setup: VenueSetup) -> LivePaper:
        """The same machine in a live loop, fed by the simulated market of `settings["profile"]`, in real time unless
        `settings["speed"]` says otherwise (0: as fast as it is read)."""
        from adapters.paper.broker import PaperVenue
        from adapters.paper.live import LivePaper

        market = self.market(setup, dict(setup.settings.get("profile") or {}))
        return LivePaper(PaperVenue(setup), market, speed=float(setup.settings.get("speed", 1)))
