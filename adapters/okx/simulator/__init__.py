"""A server that answers as OKX's API v5 does. Shares no code with the adapter: two readings check each other."""

from adapters.okx.simulator.simulator import OkxSimulator, Venue, simulator

__all__ = ["OkxSimulator", "Venue", "simulator"]
