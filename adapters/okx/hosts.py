"""Where the venue is: by region and environment, or a simulator's address. Source: fact sheet §1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.wire.address import base_address
from ruleengine.ports.venue import VenueError

DEMO_HEADER = "x-simulated-trading"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Base of REST calls, the three websockets, and the headers that every REST call carries."""

    rest: str
    public: str
    private: str
    business: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_demo(self) -> bool:
        return DEMO_HEADER in self.headers


_REST = MappingProxyType({"global": "www", "eea": "eea", "us": "us"})
_LIVE = MappingProxyType({"global": "ws", "eea": "wseea", "us": "wsus"})
_DEMO = MappingProxyType({"global": "wspap", "eea": "wseeapap", "us": "wsuspap"})


def hosts(environment: str, region: str = "global", address: str = "") -> Hosts:
    """The hosts of an environment (`practice` is the venue's demo). A demo asks for itself in a header, on public calls
    too (trap 8); its REST host is the live one.

    >>> hosts("practice").rest, hosts("practice").public
    ('https://www.okx.com', 'wss://wspap.okx.com:8443/ws/v5/public')
    >>> hosts("live", address="http://127.0.0.1:8701").private
    'ws://127.0.0.1:8701/ws/v5/private'
    """
    if region not in _REST:
        raise VenueError(
            f"`{region}` is no region of OKX", code="region", is_final=True,
            remedy=f"set `region` to one of {', '.join(_REST)}",
        )  # fmt: skip
    is_demo = environment != "live"
    headers = {DEMO_HEADER: "1"} if is_demo else {}
    if address:
        rest = base_address(address)
        sockets = "ws" + rest.removeprefix("http")
    else:
        rest = f"https://{_REST[region]}.okx.com"
        sockets = f"wss://{(_DEMO if is_demo else _LIVE)[region]}.okx.com:8443"
    public, private, business = (f"{sockets}/ws/v5/{way}" for way in ("public", "private", "business"))
    return Hosts(rest, public, private, business, headers)
