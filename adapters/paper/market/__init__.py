"""A seeded market: quotes, books, prints, funding and signals of instruments that nobody trades."""

from adapters.paper.market.profile import Behaviour, Profile, Strategy
from adapters.paper.market.simulator import MarketSimulator

__all__ = ["Behaviour", "MarketSimulator", "Profile", "Strategy"]
