"""What the entry point names. Importing it costs nothing: the venue loads when it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from adapters.okx.capabilities import CAPABILITIES, SECRETS
from ruleengine.model.event import Event
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Capabilities, SecretName, SimulatedVenue, Venue, VenueSetup

if TYPE_CHECKING:
    from adapters.okx.venue import OkxVenue


class OkxAdapter:
    """Meets `Adapter`."""

    capabilities: Capabilities = CAPABILITIES
    secrets: Sequence[SecretName] = SECRETS

    def simulated(self, setup: VenueSetup) -> SimulatedVenue | None:
        """None: this venue is somewhere else."""
        return None

    def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """None without asking: terms differ by account and change."""
        return ()

    def market(self, setup: VenueSetup, profile: dict[str, Any]) -> Any:
        """It brings no market simulator."""
        return None

    def live(self, machine: SimulatedVenue, feed: Iterable[Event], speed: float) -> Venue:
        raise TypeError("OKX has no machine of its own: open the adapter, or run its simulator")

    async def open(self, setup: VenueSetup) -> OkxVenue:
        """Connect, and read what the account is; VenueError for refused access."""
        from adapters.okx.venue import connect

        return await connect(setup)
