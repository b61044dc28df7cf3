"""What an account undergoes without asking: daily financing, margin calls, the margin closeout."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.errors import Cancelled
from adapters.oanda.simulator.execution import Execution
from adapters.oanda.simulator.figures import plain_units
from adapters.oanda.simulator.formats import Moment, money
from adapters.oanda.simulator.margin import middle, worth
from adapters.oanda.simulator.records import NOTHING, OrderRecord, Trade
from adapters.oanda.simulator.schedule import next_rollover

_DAYS_OF_YEAR = 365
_WEDNESDAY, _SATURDAY = 2, 5


class Charges:
    """Runs by the clock and with the prices, beside the orders of one account."""

    def __init__(self, account: Account, execution: Execution) -> None:
        self._account, self._execution = account, execution
        self._rollover, self._day = next_rollover(account.created)

    def run(self) -> None:
        """Everything due now."""
        while self._rollover <= self._account.now():
            self._finance(self._rollover, days_charged(self._day))
            self._rollover, self._day = next_rollover(self._rollover)
        self._watch_margin()

    def _finance(self, at: Moment, days: int) -> None:
        """`DAILY_FINANCING`: units × middle × yearly rate × days / 365, in account currency, for each open trade."""
        account, rows, total = self._account, [], money(NOTHING)
        for instrument in account.instruments_held() if days else ():
            amounts = [(trade, self._of(trade, days)) for trade in account.open_trades(instrument)]
            for trade, amount in amounts:
                trade.financing += amount
                account.side(instrument, is_long=trade.is_long).financing += amount
            of_position = sum((amount for _, amount in amounts), money(NOTHING))
            total += of_position
            rows.append(
                {
                    "instrument": instrument,
                    "financing": of_position,
                    "openTradeFinancings": [{"tradeID": trade.id, "financing": amount} for trade, amount in amounts],
                }
            )
        if not rows:
            return
        account.balance += total
        account.log.add(
            "DAILY_FINANCING",
            at,
            financing=total,
            accountBalance=account.balance,
            accountFinancingMode="DAILY",
            positionFinancings=rows,
        )

    def _of(self, trade: Trade, days: int) -> Decimal:
        account, spec = self._account, trade.spec
        rate = spec.long_rate if trade.is_long else spec.short_rate
        value = abs(trade.units) * middle(account, trade.instrument)
        return money(account.conversion.factors(spec.quote).of_result(value * rate * days / _DAYS_OF_YEAR))

    def _watch_margin(self) -> None:
        account = self._account
        found = worth(account)
        is_called = found.call_percent >= 1
        if is_called != account.is_margin_called:
            account.is_margin_called = is_called
            account.log.add("MARGIN_CALL_ENTER" if is_called else "MARGIN_CALL_EXIT", account.now())
        if found.closeout_percent(account.options.closeout_share) >= 1:
            for instrument in account.instruments_held():
                for is_long in (True, False):
                    self._close_side(instrument, is_long=is_long)

    def _close_side(self, instrument: str, *, is_long: bool) -> None:
        """Close one side of an instrument, where its market is open."""
        account = self._account
        trades = [each for each in account.open_trades(instrument) if each.is_long == is_long]
        if not trades or not account.market.is_open(instrument):
            return
        units = -sum((each.units for each in trades), NOTHING)
        terms = {
            "instrument": instrument,
            "units": plain_units(units),
            "timeInForce": "FOK",
            "positionFill": "REDUCE_ONLY",
            "marginCloseout": {"reason": "MARGIN_CHECK_VIOLATION"},
        }
        with account.log.request(""):
            row = account.log.add("MARKET_ORDER", account.now(), **terms, reason="MARGIN_CLOSEOUT")
            order = OrderRecord(row["id"], "MARKET", terms, instrument, account.now())
            account.add_order(order)
            try:
                fill = self._execution.prepare(order, units, [(each, abs(each.units)) for each in trades])
                self._execution.carry_out(fill, "MARKET_ORDER_MARGIN_CLOSEOUT")
            except Cancelled as end:
                self._execution.cancel(order, end.reason)


def days_charged(day: date) -> int:
    """Days of financing at the end of a New York date: none at weekends, three on Wednesday (fact sheet §4.6).

    >>> [days_charged(date(2026, 3, day)) for day in range(2, 9)]
    [1, 1, 3, 1, 1, 0, 0]
    """
    if day.weekday() >= _SATURDAY:
        return 0
    return 3 if day.weekday() == _WEDNESDAY else 1
