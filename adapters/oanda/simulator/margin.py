"""What positions are worth now and the margin they tie up (fact sheet §4.1, §14).

Required margin of an instrument: on a netting account of the net units, on a hedging one of the larger side; units ×
middle × rate, the larger of the account's and the instrument's rate.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.catalogue import CATALOGUE
from adapters.oanda.simulator.formats import money, ratio
from adapters.oanda.simulator.records import NOTHING, Trade


class Worth(NamedTuple):
    """Figures of an account that move with prices, account currency, unrounded. `closeout_nav`: at middle prices."""

    unrealized: Decimal
    nav: Decimal
    margin_used: Decimal
    position_value: Decimal
    closeout_unrealized: Decimal
    closeout_nav: Decimal

    @property
    def available(self) -> Decimal:
        return max(NOTHING, self.nav - self.margin_used)

    def closeout_percent(self, share: Decimal) -> Decimal:
        """1 or more: a margin closeout is due. Without positions it is nought."""
        if not self.margin_used:
            return NOTHING
        return share * self.margin_used / self.closeout_nav if self.closeout_nav > 0 else Decimal(1)

    @property
    def call_percent(self) -> Decimal:
        """1 or more: no margin is left, a margin call."""
        return self.closeout_percent(Decimal(1))


def middle(account: Account, instrument: str) -> Decimal:
    top = account.market.top(instrument)
    return (top.bid + top.ask) / 2


def unrealized(account: Account, trade: Trade) -> Decimal:
    """Result of an open trade at the price that would close it."""
    top = account.market.top(trade.instrument)
    price = top.bid if trade.is_long else top.ask
    return account.conversion.factors(trade.spec.quote).of_result(trade.units * (price - trade.price))


def margin_of(account: Account, instrument: str, units: Decimal) -> Decimal:
    """Margin for units of an instrument, without regard to what else is held."""
    spec = CATALOGUE[instrument]
    rate = max(account.margin_rate, spec.margin_rate)
    return abs(units) * middle(account, instrument) * account.conversion.factors(spec.quote).value * rate


def counted_units(account: Account, long: Decimal, short: Decimal) -> Decimal:
    """Units of an instrument that need margin; both sides without sign."""
    return max(long, short) if account.hedging else abs(long - short)


def margin_used(account: Account, instrument: str) -> Decimal:
    return margin_of(account, instrument, counted_units(account, *account.units(instrument)))


def worth(account: Account) -> Worth:
    """The account at the prices now."""
    result = closeout = used = value = NOTHING
    for trade in account.open_trades():
        factors = account.conversion.factors(trade.spec.quote)
        level = middle(account, trade.instrument)
        result += unrealized(account, trade)
        closeout += factors.of_result(trade.units * (level - trade.price))
        value += abs(trade.units) * level * factors.value
    for instrument in account.instruments_held():
        used += margin_used(account, instrument)
    return Worth(result, account.balance + result, used, value, closeout, account.balance + closeout)


def lacks_margin(account: Account, instrument: str, units: Decimal, reduced: Decimal) -> bool:
    """Whether the account can't carry units that an order would open (signed), after `reduced` units of the other side
    (without sign) are gone. What ties up no more margin than before is never refused."""
    now = worth(account)
    long, short = account.units(instrument)
    if units > 0:
        long, short = long + units, short - reduced
    else:
        long, short = long - reduced, short - units
    before = margin_used(account, instrument)
    after = margin_of(account, instrument, counted_units(account, long, short))
    if after <= before:
        return False
    top = account.market.top(instrument)
    spread_cost = abs(units) * (top.ask - top.bid) * account.conversion.factors(CATALOGUE[instrument].quote).loss
    return now.nav - spread_cost < now.margin_used - before + after


def calculated(account: Account) -> dict[str, Any]:
    """The figures of an account that move with prices, as payloads have them."""
    found = worth(account)
    return {
        "unrealizedPL": money(found.unrealized),
        "NAV": money(account.balance + money(found.unrealized)),
        "marginUsed": money(found.margin_used),
        "marginAvailable": money(max(NOTHING, account.balance + money(found.unrealized) - money(found.margin_used))),
        "positionValue": money(found.position_value),
        "marginCloseoutUnrealizedPL": money(found.closeout_unrealized),
        "marginCloseoutNAV": money(found.closeout_nav),
        "marginCloseoutMarginUsed": money(found.margin_used),
        "marginCloseoutPositionValue": money(found.position_value),
        "marginCloseoutPercent": ratio(found.closeout_percent(account.options.closeout_share)),
        "withdrawalLimit": money(max(NOTHING, min(account.balance, found.available))),
        "marginCallMarginUsed": money(found.margin_used),
        "marginCallPercent": ratio(found.call_percent),
    }
