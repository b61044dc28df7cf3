"""A venue's simulator: a real server that answers as the venue does: any client of the venue works against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class Simulator(Protocol):
    """What an entry point of group `ruleengine.simulators` names."""

    venue: str
    """As `--adapter` names it."""
    options: Mapping[str, str]
    """What `--set NAME=VALUE` takes, each with its meaning and default in words."""

    def app(self, seed: int, options: Mapping[str, str]) -> Any:
        """The server as an ASGI application (HTTP, chunked streams and WebSocket of the venue on one port). Raises
        ValueError with a sentence for an option that it has not, or whose value it can't take."""
        ...

    def serve(self, port: int, seed: int, options: Mapping[str, str], ready: Callable[[str], None]) -> None:
        """Serve it on this machine alone until interrupted. `ready` is told the address once connections are taken
        (port 0: a free one). Raises ValueError as `app` does, OSError where the port is taken."""
        ...

    def greeting(self, address: str) -> Sequence[str]:
        """What a person needs to use it at this address: environment variables, account, the line to run."""
        ...
