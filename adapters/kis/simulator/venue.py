"""The simulated venue as a whole: market, accounts, orders, keys and feeds; what the control routes steer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.kis.simulator.board import Board
from adapters.kis.simulator.days import TradingDays
from adapters.kis.simulator.exchange import Exchange, Ticket
from adapters.kis.simulator.feeds import Feeds
from adapters.kis.simulator.keys import Keys
from adapters.kis.simulator.listing import Listed, listed
from adapters.kis.simulator.matching import Matching
from adapters.kis.simulator.orders import CANCEL, Order
from adapters.kis.simulator.refusals import Refused
from adapters.kis.simulator.services import Services
from adapters.kis.simulator.settings import Settings
from adapters.simulation.clock import SECOND_NS, Clock
from adapters.simulation.control import number
from adapters.simulation.faults import Faults
from adapters.simulation.limits import RateLimit
from adapters.simulation.listing import Listing
from adapters.simulation.market import Market

_LEVEL_MONEY = 70_000_000  # won at the best price of each side, about
_LOT_SHARE = 200
_DAILY_MOVE = 0.012


class Venue:
    """Everything behind the server. One event loop owns it."""

    def __init__(self, seed: int, settings: Settings, clock: Clock) -> None:
        shares = listed()
        for symbol, _, _ in (*settings.holdings, *settings.loans):
            if symbol not in shares:
                raise ValueError(f"no share `{symbol}` is listed for `holdings` or `loans`, only {', '.join(shares)}")
        self.settings, self.clock, self.faults = settings, clock, Faults(clock)
        sessions = "always" if settings.hours == "always" else "krx"
        self.market = Market(seed, [_tradable(each, sessions) for each in shares.values()], clock)
        self.board = Board(self.market, shares, TradingDays(settings.hours))
        self.exchange = Exchange(self.board, settings)
        self.keys = Keys(settings.token_rule)
        self.services = Services(self.exchange)
        self.feeds = Feeds(self.exchange, self.keys, settings)
        self.limits = {"live": RateLimit(settings.live_per_s, 1.0), "mock": RateLimit(settings.mock_per_s, 1.0)}
        self._matching = Matching(self.exchange)
        self._is_due = False

    # --- time --------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring orders to now; what clients hear of it follows at once."""
        self._matching.step()
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._follow)

    async def run(self) -> None:
        """Follow the market for as long as the server lives."""
        step_ns = self.settings.step_ms * SECOND_NS // 1_000
        while True:
            await self.clock.sleep_until((self.clock.now_ns() // step_ns + 1) * step_ns)
            self.settle()

    def _follow(self) -> None:
        self._is_due = False
        self.feeds.tell()
        self.feeds.push()

    # --- control -----------------------------------------------------------------------------------------------------

    def ledger(self) -> Mapping[str, Any]:
        """KIS knows no client order ids: `accepted` counts by order number."""
        accounts = {}
        for name in self.exchange.accounts:
            account = self.exchange.account(name)
            orders = self.exchange.orders.of(name)
            accounts[f"{name[:8]}-{name[8:]}"] = {
                "orders": [_stated(order) for order in orders],
                "positions": {
                    each.symbol: {"units": str(each.quantity), "average": str(each.average)}
                    for each in account.holdings.values()
                    if each.quantity
                },
                "balance": str(account.settled_cash),
                "deposit": str(account.deposit),
                "realised": str(account.realised),
            }
        accepted = {f"{order.day:%Y%m%d}-{order.odno}": 1 for order in self.exchange.orders.all()}
        return {"accounts": accounts, "accepted": accepted}

    def trade(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """A manual order: {"instrument", "units" (negative sells), "price"? (a limit), "account"? (where there are
        several)}."""
        units = number(order, "units")
        if units != units.to_integral_value() or not units:
            raise ValueError("`units` is a whole number of shares, not 0")
        price = int(number(order, "price")) if "price" in order else 0
        side, kind = "buy" if units > 0 else "sell", "00" if price else "01"
        ticket = Ticket(side, str(order.get("instrument", "")), kind, abs(int(units)), price)
        try:
            placed = self.exchange.place(self._account(order), ticket)
        except Refused as error:
            raise ValueError(f"{error.refusal.msg_cd}: {error.refusal.msg1}") from None
        self.settle()
        return _stated(placed)

    def halt(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """{"instrument", "halted": bool}: the exchange refuses orders for it, and nothing trades."""
        symbol = self._symbol(body)
        is_halted = body.get("halted", True)
        if is_halted not in (True, False):
            raise ValueError("`halted` is true or false")
        (self.board.halted.add if is_halted else self.board.halted.discard)(symbol)
        self.settle()
        return {"instrument": symbol, "halted": is_halted}

    def interrupt(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """{"instrument", "seconds"?}: a volatility interruption; orders gather and are filled together at its end."""
        symbol = self._symbol(body)
        seconds = number(body, "seconds") if "seconds" in body else Decimal(self.settings.vi_s)
        if not seconds.is_finite() or seconds < 0:
            raise ValueError("`seconds` is 0 or more")
        self.settle()
        self.board.interrupt(symbol, float(seconds))
        self.settle()
        return {"instrument": symbol, "seconds": str(seconds)}

    def expire_tokens(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """{}: every token is dead before its time, as after maintenance."""
        del body
        self.keys.expire_all()
        return {"expired": True}

    # --- inside ------------------------------------------------------------------------------------------------------

    def _symbol(self, body: Mapping[str, Any]) -> str:
        symbol = str(body.get("instrument", ""))
        if symbol not in self.board.shares:
            raise ValueError(f"no instrument `{symbol}` here")
        return symbol

    def _account(self, order: Mapping[str, Any]) -> str:
        known = list(self.exchange.accounts)
        wanted = str(order.get("account", "")).replace("-", "")
        if wanted:
            if wanted not in known:
                raise ValueError(f"no account `{order['account']}` yet: an account is made by its first call")
            return wanted
        if len(known) != 1:
            raise ValueError(f"say whose order it is with `account`: there are {len(known)} accounts")
        return known[0]


def _tradable(share: Listed, sessions: str) -> Listing:
    size = max(1, _LEVEL_MONEY // share.price)
    return Listing(
        share.symbol,
        Decimal(share.price),
        Decimal(1),
        Decimal(size),
        lot=Decimal(max(1, size // _LOT_SHARE)),
        ticks=share.ticks,
        daily_move=_DAILY_MOVE,
        sessions=sessions,
    )


def _stated(order: Order) -> Mapping[str, Any]:
    """An order for the ledger. `state`: pending, filled, cancelled, rejected, or moved into a revision."""
    sign = 1 if order.side == "buy" else -1
    if order.remaining:
        state = "pending"
    elif order.purpose == CANCEL:
        state = "cancel"
    elif order.rejected:
        state = "rejected"
    elif order.moved:
        state = "moved"
    else:
        state = "cancelled" if order.cancelled else "filled"
    return {
        "id": order.odno, "client_id": "", "day": f"{order.day:%Y%m%d}", "original": order.original,
        "instrument": order.symbol, "units": str(sign * order.quantity), "filled": str(order.filled),
        "left": str(order.remaining), "amount": str(order.amount), "price": str(order.price), "kind": order.kind,
        "state": state,
    }  # fmt: skip
