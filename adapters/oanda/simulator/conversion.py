"""What an amount of a quote currency is in account currency: gains by the worse price, losses by the worse one too."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adapters.oanda.simulator.catalogue import CATALOGUE
from adapters.simulation.market import Market

_ONE = Decimal(1)
_EIGHT = Decimal("0.00000001")


class Factors(NamedTuple):
    """Home currency for one unit of another. `gain` for profits, `loss` for losses, `value` for positions (middle)."""

    gain: Decimal
    loss: Decimal
    value: Decimal

    def of_result(self, amount: Decimal) -> Decimal:
        """A profit or loss in home currency."""
        return amount * (self.gain if amount > 0 else self.loss)


class Conversion:
    """Factors into one home currency, at the market's prices now; by way of the dollar where no pair has both."""

    def __init__(self, market: Market, home: str) -> None:
        self._market, self._home = market, home

    def factors(self, currency: str) -> Factors:
        if currency == self._home:
            return Factors(_ONE, _ONE, _ONE)
        return self._direct(currency, self._home) or self._chained(currency)

    def _chained(self, currency: str) -> Factors:
        first, second = self._direct(currency, "USD"), self._direct("USD", self._home)
        assert first is not None, currency
        assert second is not None, self._home
        return Factors(*(one * other for one, other in zip(first, second, strict=True)))

    def _direct(self, currency: str, home: str) -> Factors | None:
        if f"{currency}_{home}" in CATALOGUE:
            top = self._market.top(f"{currency}_{home}")
            return Factors(top.bid, top.ask, (top.bid + top.ask) / 2)
        if f"{home}_{currency}" in CATALOGUE:
            top = self._market.top(f"{home}_{currency}")
            return Factors(_ONE / top.ask, _ONE / top.bid, 2 / (top.bid + top.ask))
        return None


def eight(factor: Decimal) -> Decimal:
    """A factor as payloads have it, eight decimals."""
    return factor.quantize(_EIGHT)
