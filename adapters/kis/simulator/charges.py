"""Commission on every fill and tax on sales, in whole won."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal


@dataclass(frozen=True, slots=True)
class Charges:
    """Rates as shares of the amount. The venue charges a day's amount at once; here each fill is charged by itself,
    cut to whole won."""

    fee_rate: Decimal
    tax_rate: Decimal

    def of_buy(self, amount: int) -> int:
        """What a purchase costs beside its amount.

        >>> Charges(Decimal("0.00015"), Decimal("0.002")).of_buy(719_000)  # 107.85
        107
        """
        return _cut(self.fee_rate * amount)

    def of_sale(self, amount: int) -> int:
        """What is kept back of a sale's amount.

        >>> Charges(Decimal("0.00015"), Decimal("0.002")).of_sale(719_000)  # 107.85 and 1438
        1545
        """
        return _cut(self.fee_rate * amount) + _cut(self.tax_rate * amount)

    def affordable(self, cash: int) -> int:
        """The amount of shares that money pays for with its commission.

        >>> Charges(Decimal("0.25"), Decimal(0)).affordable(1_000)
        800
        """
        return max(0, _cut(cash / (1 + self.fee_rate)))


def _cut(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_FLOOR))
