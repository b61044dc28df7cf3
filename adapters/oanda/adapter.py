"""What the entry point names. Importing it costs nothing: the venue loads when it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from adapters.oanda.capabilities import CAPABILITIES, SECRETS
from ruleengine.model.event import Event
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Capabilities, SecretName, SimulatedVenue, Venue, VenueSetup

if TYPE_CHECKING:
    from adapters.oanda.venue import OandaVenue


class OandaAdapter:
    """Meets `Adapter`."""

    capabilities: Capabilities = CAPABILITIES
    secrets: Sequence[SecretName] = SECRETS

    def simulated(self, setup: VenueSetup) -> SimulatedVenue | None:
        """None: it has no machine; `ruleengine simulate oanda` is a server."""
        return None

    def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Nothing without asking: precision and margin are the account's."""
        return ()

    def market(self, setup: VenueSetup, profile: dict[str, Any]) -> None:
        """None: its market is its own."""
        return

    def live(self, machine: SimulatedVenue, feed: Iterable[Event], speed: float) -> Venue:
        raise TypeError("OANDA has no machine to run; open the venue")

    async def open(self, setup: VenueSetup) -> OandaVenue:
        """Connect; refused access is a VenueError."""
        from adapters.oanda.venue import open_venue

        return await open_venue(setup)
