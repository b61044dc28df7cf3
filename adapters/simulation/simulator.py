"""What every simulator has in common at the prompt: how it is served."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from adapters.simulation.faults import App


class OnLoopback(ABC):
    """Half of `ports.simulator.Simulator`: `serve`, by the server that faults need."""

    @abstractmethod
    def app(self, seed: int, options: Mapping[str, str]) -> App: ...

    def serve(self, port: int, seed: int, options: Mapping[str, str], ready: Callable[[str], None]) -> None:
        """Until interrupted. Raises ValueError for its options, OSError where the port is taken."""
        from adapters.simulation.server import serve

        serve(self.app(seed, options), port, ready)
