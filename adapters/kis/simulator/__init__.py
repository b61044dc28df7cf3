"""A faithful KIS Open API server on loopback: any client of the venue works against it unchanged but for the address.

Shares no code with the adapter: two readings of the same documents check each other.
"""

from adapters.kis.simulator.simulator import simulator

__all__ = ["simulator"]
