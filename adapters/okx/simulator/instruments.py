"""The contracts that the simulator lists: what one is worth, in which steps it trades, how much of it one may hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from adapters.okx.simulator.wire import Row, text

SWAP = "SWAP"
LISTED_MS = 1_704_067_200_000
"""2024-01-01: where the history of prices begins."""


@dataclass(frozen=True, slots=True)
class Tier:
    """How much one may hold at which margin. Units: sizes in contracts, rates as ratios."""

    number: int
    min_size: Decimal
    max_size: Decimal
    mmr: Decimal
    imr: Decimal
    max_lever: Decimal

    def row(self, contract: Contract, td_mode: str) -> Row:
        return {
            "baseMaxLoan": "", "instFamily": contract.family, "instId": "", "imr": text(self.imr),
            "maxLever": text(self.max_lever), "maxSz": text(self.max_size), "minSz": text(self.min_size),
            "mmr": text(self.mmr), "optMgnFactor": "", "quoteMaxLoan": "", "tier": str(self.number),
            "uly": contract.family, "tdMode": td_mode,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contract:
    """A linear perpetual: one contract is `ct_val` × `ct_mult` of the base coin, margin and profit are in USDT."""

    inst_id: str
    code: int
    ct_val: Decimal
    tick: Decimal
    lot: Decimal
    max_lever: Decimal
    max_limit_size: Decimal
    max_market_size: Decimal
    price: Decimal
    """Where the simulated market starts."""
    ct_mult: Decimal = Decimal(1)
    settle: str = "USDT"

    @property
    def base(self) -> str:
        return self.inst_id.split("-")[0]

    @property
    def family(self) -> str:
        """Also the underlying: `BTC-USDT` of `BTC-USDT-SWAP`."""
        return self.inst_id.removesuffix(f"-{SWAP}")

    @property
    def unit(self) -> Decimal:
        """Base coins a contract."""
        return self.ct_val * self.ct_mult

    @property
    def min_size(self) -> Decimal:
        return self.lot

    def notional(self, size: Decimal, price: Decimal) -> Decimal:
        """What so many contracts are worth. Units: contracts, USDT → USDT (trap 1).

        >>> BTC.notional(Decimal(3), Decimal(65_000))
        Decimal('1950.00')
        """
        return size * self.unit * price

    def tiers(self) -> tuple[Tier, ...]:
        """Margin by size: the venue's first tiers in shape, sizes scaled by the largest limit order."""
        step = self.max_limit_size
        levers = (self.max_lever, self.max_lever / 2, self.max_lever / 5, Decimal(10), Decimal(5))
        tiers = []
        low = Decimal(0)
        for number, lever in enumerate(levers, 1):
            high = step * number
            imr = 1 / lever
            tiers.append(Tier(number, low, high, (imr * Decimal("0.4")).quantize(Decimal("0.0001")), imr, lever))
            low = high
        return tuple(tiers)

    def tier(self, size: Decimal) -> Tier:
        """The tier of a position (the last one beyond all)."""
        tiers = self.tiers()
        return next((one for one in tiers if abs(size) <= one.max_size), tiers[-1])

    def row(self, state: str) -> Row:
        """As `/public/instruments` lists it; clients read every field unguarded. `baseCcy` and `quoteCcy` are empty on
        swaps."""
        return {
            "alias": "", "auctionEndTime": "", "baseCcy": "", "category": "1", "contTdSwTime": str(LISTED_MS),
            "ctMult": text(self.ct_mult), "ctType": "linear", "ctVal": text(self.ct_val), "ctValCcy": self.base,
            "expTime": "", "futureSettlement": False, "groupId": "2", "instFamily": self.family,
            "instId": self.inst_id, "instIdCode": self.code, "instType": SWAP, "lever": text(self.max_lever),
            "listTime": str(LISTED_MS), "lotSz": text(self.lot), "maxIcebergSz": text(self.max_limit_size),
            "maxLmtAmt": "20000000", "maxLmtSz": text(self.max_limit_size), "maxMktAmt": "",
            "maxMktSz": text(self.max_market_size), "maxPlatOILmt": "", "maxStopSz": text(self.max_market_size),
            "maxTriggerSz": text(self.max_limit_size), "maxTwapSz": text(self.max_limit_size),
            "minSz": text(self.min_size), "openType": "", "optType": "", "posLmtAmt": "", "posLmtPct": "",
            "preMktSwTime": "", "quoteCcy": "", "ruleType": "normal", "settleCcy": self.settle, "state": state,
            "stk": "", "tickSz": text(self.tick), "tradeQuoteCcyList": [], "uly": self.family, "upcChg": [],
        }  # fmt: skip


def _swap(
    name: str, code: int, ct_val: str, tick: str, price: str, *, lever: str = "50", limit: str, market: str
) -> Contract:
    return Contract(
        f"{name}-USDT-{SWAP}",
        code,
        Decimal(ct_val),
        Decimal(tick),
        Decimal("0.01"),
        Decimal(lever),
        Decimal(limit),
        Decimal(market),
        Decimal(price),
    )


BTC = _swap("BTC", 10459, "0.01", "0.1", "65000", lever="100", limit="100000", market="12000")
LISTING = (
    BTC,
    _swap("ETH", 10461, "0.1", "0.01", "3400", lever="100", limit="100000", market="20000"),
    _swap("SOL", 10497, "1", "0.01", "150", limit="200000", market="40000"),
    _swap("XRP", 10471, "100", "0.0001", "0.6", limit="300000", market="60000"),
    _swap("DOGE", 10475, "1000", "0.00001", "0.12", limit="300000", market="60000"),
)


def by_id(listing: Iterable[Contract]) -> dict[str, Contract]:
    return {contract.inst_id: contract for contract in listing}


def on_grid(price: Decimal, tick: Decimal) -> bool:
    """Whether a price is a whole number of ticks.

    >>> on_grid(Decimal("65000.1"), Decimal("0.1")), on_grid(Decimal("65000.15"), Decimal("0.1"))
    (True, False)
    """
    return price % tick == 0


def to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """The nearest price of the grid, not above it.

    >>> to_tick(Decimal("65000.19"), Decimal("0.1"))
    Decimal('65000.1')
    """
    return (price // tick) * tick
