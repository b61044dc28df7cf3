"""What the entry point names. Importing it costs nothing: the venue loads when it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adapters.kis.capabilities import CAPABILITIES, SECRETS
from ruleengine.model.event import Event
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Capabilities, SecretName, SimulatedVenue, Venue, VenueSetup


class KisAdapter:
    """Meets `Adapter`."""

    capabilities: Capabilities = CAPABILITIES
    secrets: Sequence[SecretName] = SECRETS

    def simulated(self, setup: VenueSetup) -> SimulatedVenue | None:
        """It has no machine without a network: `ruleengine simulate kis` is a server."""
        return None

    def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """What holds for every share; limits of the day and the tick table of ETFs are known once it is asked."""
        from adapters.kis.instruments import is_symbol, plain_share

        return tuple(plain_share(name) for name in names if is_symbol(name))

    def market(self, setup: VenueSetup, profile: dict[str, Any]) -> Any:
        return None

    def live(self, machine: SimulatedVenue, feed: Iterable[Event], speed: float) -> Venue:
        raise TypeError("KIS has no machine without a network")

    async def open(self, setup: VenueSetup) -> Venue:
        """Connect: keys, token and account are proved by the first question.

        Errors   VenueError where access is refused.
        """
        from adapters.kis.venue import KisVenue

        return await KisVenue.connect(setup)
