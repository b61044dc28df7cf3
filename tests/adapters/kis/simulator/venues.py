"""What the tests of the simulator start from: a venue whose clock and prices stand until a test moves them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from adapters.kis.simulator.days import KST
from adapters.kis.simulator.exchange import Notice
from adapters.kis.simulator.matching import Matching
from adapters.kis.simulator.settings import read
from adapters.kis.simulator.venue import Venue
from adapters.simulation.clock import ManualClock

ACCOUNT = "1234567801"
APPKEY, SECRET = "P" * 36, "s" * 180
SAMSUNG = "005930"


def at(text: str) -> int:
    """Nanoseconds of a moment on Korea's clock."""
    return int(datetime.fromisoformat(text).replace(tzinfo=KST).timestamp()) * 1_000_000_000


class Bench:
    """A venue without its server. `base`: yesterday's close, fixed so that limits can be reckoned by hand."""

    def __init__(self, now: str = "2026-03-04T10:05:00", base: int = 71_800, **options: str) -> None:
        self.clock = ManualClock(at(now))
        self.venue = Venue(7, read(options), self.clock)
        self.board, self.exchange = self.venue.board, self.venue.exchange
        self.matching = Matching(self.exchange)
        self.notices: list[Notice] = []
        self.exchange.listeners.append(self.notices.append)
        self.fix_base(base)
        self.price(71_900, 72_000)

    def fix_base(self, base: int) -> None:
        self.board._bases[SAMSUNG, self.board.today()] = base

    def price(self, bid: int, ask: int, bid_size: int = 1_000, ask_size: int = 1_000) -> None:
        """Steer the price; orders meet it."""
        self.venue.market.set_price(SAMSUNG, Decimal(bid), Decimal(ask), (Decimal(bid_size), Decimal(ask_size)))
        self.matching.step()

    def pass_over(self, bid: int, ask: int) -> None:
        """The price goes there for a second and comes back, while nobody looks at orders."""
        back = self.venue.market.top(SAMSUNG)
        self.venue.market.set_price(SAMSUNG, Decimal(bid), Decimal(ask))
        self.clock.advance(1_000_000_000)
        self.venue.market.set_price(SAMSUNG, back.bid, back.ask)
        self.clock.advance(1_000_000_000)

    def wait(self, seconds: float) -> None:
        self.clock.advance(int(seconds * 1_000_000_000))
        self.matching.step()
