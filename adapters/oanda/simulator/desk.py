"""What a client may do to an account: create, replace, cancel and close. Each answers as the endpoint does: the
transactions it made under their keys, or a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from adapters.oanda.simulator.account import PENDING_ORDERS_MOST, Account
from adapters.oanda.simulator.charges import Charges
from adapters.oanda.simulator.errors import Cancelled, NoSuch, Refusal, message_of
from adapters.oanda.simulator.execution import Execution
from adapters.oanda.simulator.figures import plain_units
from adapters.oanda.simulator.matching import Matching, watched
from adapters.oanda.simulator.records import OrderRecord, Trade
from adapters.oanda.simulator.requests import DEPENDENT_TYPES, Asked, Terms, read_order
from adapters.oanda.simulator.schedule import expiry
from adapters.oanda.simulator.transactions import Transaction

Reply = dict[str, Any]


class Desk:
    """One account's counter. Everything runs inside `request`, which gives batch and request number."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.execution = Execution(account)
        self.matching = Matching(account, self.execution)
        self.charges = Charges(account, self.execution)

    def settle(self) -> None:
        """Everything due now: orders that meet their price, expiries, financing, margin."""
        self.matching.run()
        self.charges.run()

    def request(self, request_id: str, do: Callable[[], Reply]) -> Reply:
        """Run one request; adds `relatedTransactionIDs` and `lastTransactionID` to what it answers or refuses."""
        log = self.account.log
        before = len(log.rows)
        with log.request(request_id):
            try:
                found = do()
            except Refusal as refusal:
                if len(log.rows) > before:
                    refusal.body |= self._related(before)
                raise
            return found | self._related(before)

    def _related(self, before: int) -> Reply:
        log = self.account.log
        return {
            "relatedTransactionIDs": [str(number) for number in range(before + 1, len(log.rows) + 1)],
            "lastTransactionID": log.last_id,
        }

    # --- create ------------------------------------------------------------------------------------------------------

    def create(self, given: Any, *, reject: str = "") -> Reply:
        """POST orders. `reject`: an injected refusal with this reason."""
        account = self.account
        asked = read_order(given, account.now(), account.trade_instruments())
        problem = asked.problem or reject or self._problem(asked)
        if problem:
            raise self._rejection(asked, problem)
        return self._place(asked, "CLIENT_ORDER")

    def _problem(self, asked: Asked) -> str:
        """Why the account refuses an order that is well-formed."""
        account, terms = self.account, asked.terms
        client_id = terms.get("clientExtensions", {}).get("id")
        if client_id and account.has_pending_client_id(client_id):
            return "CLIENT_ORDER_ID_ALREADY_EXISTS"
        if asked.type in DEPENDENT_TYPES and asked.type in self._trade_of(terms).dependents:
            return f"{asked.type}_ORDER_ALREADY_EXISTS"
        if asked.type != "MARKET" and len(account.pending) >= PENDING_ORDERS_MOST:
            return "PENDING_ORDERS_ALLOWED_EXCEEDED"
        if asked.type == "MARKET" and account.options.margin_refusal == "reject":
            order = OrderRecord("", asked.type, terms, terms["instrument"], account.now())
            try:
                self.execution.prepare(order, terms["units"])
            except Cancelled as end:
                return end.reason if end.reason == "INSUFFICIENT_MARGIN" else ""
        return ""

    def _rejection(self, asked: Asked, reason: str, because: str = "CLIENT_ORDER", **extra: Any) -> Refusal:
        row = self.account.log.add(
            f"{asked.type}_ORDER_REJECT",
            self.account.now(),
            **_shown(asked.terms),
            reason=because,
            rejectReason=reason,
            **extra,
        )
        status = 404 if reason in ("TRADE_DOESNT_EXIST", "ORDER_DOESNT_EXIST") else 400
        return Refusal(status, message_of(reason), reason, {"orderRejectTransaction": row})

    def _place(self, asked: Asked, reason: str, **extra: Any) -> Reply:
        """Accept an order: its transaction, and what becomes of it at once."""
        account, terms, now = self.account, asked.terms, self.account.now()
        if asked.type in DEPENDENT_TYPES:
            trade = self._trade_of(terms)
            rest = {name: value for name, value in terms.items() if name not in ("tradeID", "clientTradeID")}
            row = self.execution.add_dependent(trade, asked.type, rest, reason, **extra)
            order = account.orders[row["id"]]
        else:
            row = account.log.add(f"{asked.type}_ORDER", now, **_shown(terms), reason=reason, **extra)
            order = OrderRecord(row["id"], asked.type, _shown(terms), terms["instrument"], now)
            order.expires = expiry(terms, now)
            order.ends |= {name: extra[name] for name in ("replacesOrderID",) if name in extra}
            if asked.type != "MARKET":
                top = account.market.top(order.instrument)
                order.level_at_creation = watched(terms["triggerCondition"], top, is_buy=terms["units"] > 0)
            account.add_order(order)
        return {"orderCreateTransaction": row, **self._at_once(order)}

    def _at_once(self, order: OrderRecord) -> Reply:
        """A market order fills or ends now; others do where their price is there."""
        before = len(self.account.log.rows)
        if order.type == "MARKET":
            self._fill(order, order.terms["units"], "MARKET_ORDER")
        else:
            self.matching.meet(order)
            if order.is_pending and order.terms["timeInForce"] in ("FOK", "IOC"):
                self.execution.cancel(order, "TIME_IN_FORCE_EXPIRED")
        return self.outcome(order, before)

    def _fill(
        self, order: OrderRecord, units: Decimal, reason: str, targets: list[tuple[Trade, Decimal]] | None = None
    ) -> None:
        try:
            self.execution.carry_out(self.execution.prepare(order, units, targets), reason)
        except Cancelled as end:
            self.execution.cancel(order, end.reason)

    def outcome(self, order: OrderRecord, before: int, prefix: str = "order") -> Reply:
        """The fill or cancel transaction of an order, among those made since."""
        found: Reply = {}
        for row in self.account.log.rows[before:]:
            if row.get("orderID") != order.id:
                continue
            name = {"ORDER_FILL": "FillTransaction", "ORDER_CANCEL": "CancelTransaction"}[row["type"]]
            found[f"{prefix}{name}"] = row
        return found

    # --- replace, cancel, extensions ---------------------------------------------------------------------------------

    def replace(self, specifier: str, given: Any, *, reject: str = "") -> Reply:
        """PUT orders/{spec}: the old one ends, a new one with a new number takes its place (trap 8). `reject`: an
        injected refusal with this reason."""
        account = self.account
        old = self._pending_or_rejected(specifier)
        asked = read_order(given, account.now(), account.trade_instruments())
        if not asked.problem and asked.type != old.type:
            asked = Asked(asked.type, asked.terms, "REPLACING_ORDER_INVALID")
        client_id = asked.terms.get("clientExtensions", {}).get("id")
        problem = asked.problem or reject
        if not problem and client_id and client_id != old.client_id and account.has_pending_client_id(client_id):
            problem = "CLIENT_ORDER_ID_ALREADY_EXISTS"
        if problem:
            raise self._rejection(asked, problem, because="REPLACEMENT", intendedReplacesOrderID=old.id)
        following = str(int(account.log.next_id) + 1)
        cancel = self.execution.cancel(old, "CLIENT_REQUEST_REPLACED", replacedByOrderID=following)
        placed = self._place(asked, "REPLACEMENT", replacesOrderID=old.id, cancellingTransactionID=cancel["id"])
        return {"orderCancelTransaction": cancel, **_renamed(placed)}

    def cancel(self, specifier: str) -> Reply:
        """PUT orders/{spec}/cancel."""
        order = self._pending_or_rejected(specifier)
        return {"orderCancelTransaction": self.execution.cancel(order, "CLIENT_REQUEST")}

    def extend_order(self, specifier: str, extensions: Terms | None, trade_extensions: Terms | None) -> Reply:
        """PUT orders/{spec}/clientExtensions."""
        account = self.account
        order = account.order(specifier)
        if not order.is_pending:
            raise NoSuch("order")
        client_id = (extensions or {}).get("id", order.client_id)
        if client_id != order.client_id and account.has_pending_client_id(client_id):
            reason = "CLIENT_ORDER_ID_ALREADY_EXISTS"
            row = account.log.add(
                "ORDER_CLIENT_EXTENSIONS_MODIFY_REJECT", account.now(), orderID=order.id, rejectReason=reason
            )
            body = {"orderClientExtensionsModifyRejectTransaction": row}
            raise Refusal(400, message_of(reason), reason, body)
        if extensions is not None:
            order.terms["clientExtensions"] = {**order.terms.get("clientExtensions", {}), **extensions}
        if trade_extensions is not None:
            before = order.terms.get("tradeClientExtensions", {})
            order.terms["tradeClientExtensions"] = {**before, **trade_extensions}
        row = account.log.add(
            "ORDER_CLIENT_EXTENSIONS_MODIFY",
            account.now(),
            orderID=order.id,
            clientOrderID=order.client_id or None,
            clientExtensionsModify=extensions,
            tradeClientExtensionsModify=trade_extensions,
        )
        return {"orderClientExtensionsModifyTransaction": row}

    def _pending_or_rejected(self, specifier: str) -> OrderRecord:
        """A pending order; one that is unknown or ended leaves ORDER_CANCEL_REJECT and is a 404 (trap 15)."""
        account = self.account
        try:
            order = account.order(specifier)
        except NoSuch:
            order = None
        if order is not None and order.is_pending:
            return order
        named = {"clientOrderID": specifier[1:]} if specifier.startswith("@") else {"orderID": specifier}
        row = account.log.add("ORDER_CANCEL_REJECT", account.now(), **named, rejectReason="ORDER_DOESNT_EXIST")
        body: dict[str, Transaction] = {"orderCancelRejectTransaction": row}
        raise Refusal(404, message_of("ORDER_DOESNT_EXIST"), "ORDER_DOESNT_EXIST", body)

    def _trade_of(self, terms: Mapping[str, Any]) -> Trade:
        number = terms.get("tradeID")
        return self.account.trade(str(number) if number else f"@{terms.get('clientTradeID', '')}")

    # --- closing orders ----------------------------------------------------------------------------------------------

    def close(
        self, instrument: str, units: Decimal, targets: list[tuple[Trade, Decimal]], terms: Terms, reason: str
    ) -> tuple[Transaction, OrderRecord, int]:
        """A market order of the venue's own making that reduces these trades; (its transaction, it, rows before its
        outcome)."""
        account = self.account
        whole = {
            "instrument": instrument,
            "units": plain_units(units),
            "timeInForce": "FOK",
            "positionFill": "REDUCE_ONLY",
            **terms,
        }
        row = account.log.add("MARKET_ORDER", account.now(), **whole, reason=reason)
        order = OrderRecord(row["id"], "MARKET", whole, instrument, account.now())
        account.add_order(order)
        before = len(account.log.rows)
        self._fill(order, units, f"MARKET_ORDER_{reason}", targets)
        return row, order, before


def _shown(terms: Terms) -> Terms:
    """Terms with units as OANDA writes them."""
    units = terms.get("units")
    return {**terms, "units": plain_units(units)} if isinstance(units, Decimal) else dict(terms)


def _renamed(placed: Reply) -> Reply:
    """A replacement's own end has another key: `orderCancelTransaction` is the replaced order's."""
    found = dict(placed)
    if "orderCancelTransaction" in found:
        found["replacingOrderCancelTransaction"] = found.pop("orderCancelTransaction")
    return found
