"""The venue's statement of the account as a whole: its balance, the margin used, and up to when fills are in it.

    1. `adopt`           with the venue's book; `read`: on its own, perhaps failed (FX-33)
    2. `count`, `cash`   what fills and money moved since
    3. `estimate`        what our own margin was at that moment, so that what is somebody else's can be told

Exact in Decimal; the account's frame has floats. Equity and margin of now are expressions of the graph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.facts.frames import AccountFrame, PositionFrame
from ruleengine.market.phase import NEVER
from ruleengine.model.event import AccountRead, CashChange, Fill
from ruleengine.model.instrument import Instrument
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown, known
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book.lot_book import LotBook
from ruleengine.runtime.book.lots import average_price
from ruleengine.runtime.book.margin import MarginWeights, has_price, own_margin

SURELY_SINCE_NS = 120_000_000_000
"""No question to a venue takes so long: a book that comes so long after the last news was read after them."""

_HERE = Span.of_file("holdings")
_ZERO = Decimal(0)
_SAME = 1e-9


class Statement:
    """`is_known`: False before the first adoption and after a failed read; what adds risk is refused (FX-33).
    `waits`: a currency's rate is not known yet, so that our margin at the statement can't be told; or no price of an
    instrument was, so that it is told by an old one until a quote comes (`settle`).

    Isolated margin goes by each order's leverage, which our estimate knows nothing of: once a fill opens something,
    only the venue's next statement says how much is used. One of the fill's own instant has it where it was told behind
    the fill (`AccountRead`).

    What the venue stamped first is what came first, unless a clock went back, its own or the one that the stamps are
    made of. What we heard before we sent an order has nothing of that order's fills, whatever the stamps say."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        account: AccountFrame,
        weights: MarginWeights,
        lots: LotBook,
        positions: Mapping[str, PositionFrame],
        *,
        currency: str,
    ) -> None:
        self._instruments, self._account, self._weights = instruments, account, weights
        self._lots, self._positions, self._currency = lots, positions, currency
        self.balance: Decimal | None = None
        self.reported_margin: Decimal | None = None
        self.is_known = self.waits = False
        self._as_of = self._last_fill_ns = 0
        self._margin_ns = self._opened_ns = 0
        """The venue's own times of the margin that it stated last, and of the last fill that opened something."""
        self._heard_ns = self._adopted_ns = 0
        """Our times of the last news, book or fill, and of the last book."""
        self._counted: dict[str, None] = {}
        """Numbers of the fills stamped `_as_of` that the last snapshot has already."""
        self._latest: dict[str, None] = {}
        """Numbers of the counted fills stamped `_last_fill_ns`."""
        self._dated: dict[str, tuple[float, float, float]] = {}
        """Instruments whose part of the estimate is by an old price: its units as stated, their rate, and that part."""

    # --- what the venue says -----------------------------------------------------------------------------------------

    def differences(self, balance: Decimal) -> list[Diagnostic]:
        """The venue states another balance than ours."""
        if self.balance is None or self.balance == balance:
            return []
        return [book.book_differs(_HERE, "balance", str(self.balance), str(balance))]

    def adopt(self, snapshot: VenueSnapshot, heard_ns: int) -> None:
        self._go_back(snapshot.ts)
        self._heard_ns = self._adopted_ns = heard_ns
        self._as_of = self._margin_ns = snapshot.ts
        self._counted = dict.fromkeys(snapshot.counted)
        self.balance, self.reported_margin, self.is_known = snapshot.balance, snapshot.margin_used, True
        self._show_balance(is_known=True)

    def read(self, read: AccountRead) -> list[Diagnostic]:
        """What could not be read is unknown from here on, until a good read."""
        balance, margin = (None, None) if read.failed else (read.balance, read.margin_used)
        self.is_known = balance is not None and margin is not None
        found: list[Diagnostic] = []
        if not self.is_known:
            part = "the balance" if balance is None else "the margin used"
            found.append(book.account_unread(_HERE, "the account" if read.failed else part))
        if balance is not None and read.ts_event >= self._last_fill_ns:
            found += self.differences(balance)
            self.balance = balance
        if margin is not None:
            self._margin_ns = read.ts_event
        self.reported_margin = None if self._account.isolates and read.ts_event < self._opened_ns else margin
        self._show_balance(is_known=balance is not None)
        return found

    def is_ahead_of(self, snapshot: VenueSnapshot, heard_ns: int) -> bool:
        """Is the snapshot of a time before a fill that we counted, or before the last one? Its balance and trades would
        undo what came since."""
        if self.balance is None or heard_ns > self._heard_ns + SURELY_SINCE_NS:
            return False
        if snapshot.ts == self._last_fill_ns:
            return not self._latest.keys() <= set(snapshot.counted)
        return snapshot.ts < max(self._last_fill_ns, self._as_of)

    @property
    def as_of_ns(self) -> int:
        """The venue's time of its last book."""
        return self._as_of

    @property
    def newest_ns(self) -> int:
        """The venue's time of the newest thing that the book has."""
        return max(self._last_fill_ns, self._as_of)

    # --- what came since ---------------------------------------------------------------------------------------------

    def has(self, fill: Fill, sent_ns: int) -> bool:
        """The last snapshot has the fill already. `sent_ns`: when its order was sent; 0: it is not ours."""
        if sent_ns > self._adopted_ns:
            return False
        return fill.ts_event < self._as_of or (fill.ts_event == self._as_of and fill.fill_id in self._counted)

    def count(self, fill: Fill, sent_ns: int) -> None:
        """What a fill realised, and its fee."""
        if sent_ns > self._heard_ns:
            self._go_back(fill.ts_event)
        self._heard_ns = max(self._heard_ns, fill.ts)
        if fill.ts_event > self._last_fill_ns:
            self._latest.clear()
        if fill.ts_event >= self._last_fill_ns:
            self._latest[fill.fill_id] = None
        self._last_fill_ns = self._account.last_fill_at = max(self._last_fill_ns, fill.ts_event)
        if self.balance is not None:
            self.balance += fill.realised - fill.fee
        self._show_balance()
        if fill.opens:
            self._opened_ns = max(self._opened_ns, fill.ts_event)
        if fill.opens and self._account.isolates and fill.ts_event >= self._margin_ns:
            self.reported_margin = None
            self.estimate()

    def cash(self, change: CashChange) -> None:
        """Financing, funding, a deposit or withdrawal; what the last snapshot has already is left out."""
        if self.balance is not None and change.ts_event > self._as_of:
            self.balance += change.amount
            self._show_balance()

    def _go_back(self, ts_event: int) -> None:
        """What has this stamp came last: a later one was wrong, and must not keep out what comes from now on."""
        if ts_event < self._as_of:
            self._as_of, self._margin_ns = ts_event, min(self._margin_ns, ts_event)
            self._counted.clear()
        if ts_event < self._last_fill_ns:
            self._last_fill_ns = self._account.last_fill_at = ts_event
            self._opened_ns = min(self._opened_ns, ts_event)
            self._latest.clear()

    def _show_balance(self, *, is_known: bool | None = None) -> None:
        """`is_known` None: as it was."""
        can_say = known(self._account.balance) if is_known is None else is_known
        if can_say and self.balance is not None:
            self._account.balance = float(self.balance)
        else:
            self._account.balance = Unknown(Reason.MISSING, "account.balance", "could not be read")

    # --- margin ------------------------------------------------------------------------------------------------------

    def estimate(self, kept: float | None = None) -> None:
        """The two slots that a statement of the margin gives: what it says, and what ours was at that moment (`kept`:
        as a state has it). Where a currency's rate is not known yet, it has to be asked again."""
        account, stated = self._account, self.reported_margin
        is_kept = stated is None or kept is not None
        estimate = kept if is_kept else self._own_margins()
        if stated is not None and estimate is not None and math.isclose(stated, estimate, rel_tol=_SAME):
            self._dated.clear()  # the venue values by the same price, as one does that has heard none yet either
        self.waits = stated is not None and (estimate is None or bool(self._dated))
        why = "no statement of the venue since the last fill" if self.is_known else "could not be read"
        missing = Unknown(Reason.MISSING, "account.reported_margin_used", why)
        account.reported_margin_used = missing if stated is None else float(stated)
        missing = Unknown(Reason.MISSING, "account.reported_estimate")
        account.reported_estimate = missing if estimate is None else estimate

    def settle(self) -> None:
        """A quote came while the estimate waited. The first one after a statement is nearer to what the venue valued
        our trades at than a price of long ago. What was filled meanwhile was in the statement."""
        estimate = self._account.reported_estimate
        if not known(estimate):
            self.estimate()
            return
        for name, (units, rate, before) in list(self._dated.items()):
            market = self._positions[name].m
            now = self._valued(name, units, rate, 0.0) if has_price(market) else None
            if now is not None:
                estimate += now - before
                del self._dated[name]
        self._account.reported_estimate = estimate
        self.waits = bool(self._dated)

    def _own_margins(self) -> float | None:
        """Of all instruments, at the prices of now; None while a rate is not known."""
        self._dated.clear()
        parts = [self._own_margin(name) for name in self._instruments]
        known_parts = [part for part in parts if part is not None]
        return None if len(known_parts) < len(parts) else sum(known_parts)

    def _own_margin(self, name: str) -> float | None:
        position = self._positions[name]
        if not known(position.long_units):
            return None  # stated before the venue's book was there
        rate = float(self._instruments[name].margin_rate)
        units = self._weights.units(position.long_units, position.short_units)
        larger = Side.LONG if position.long_units >= position.short_units else Side.SHORT
        lots = [each for each in self._lots.live.values() if (each.instrument, each.side) == (name, larger)]
        lots = [each for each in lots if each.is_open]
        part = self._valued(name, units, rate, float(average_price(lots)) if lots else 0.0)
        if units and part is not None and not has_price(position.m):
            self._dated[name] = (units, rate, part)
        return part

    def _valued(self, name: str, units: float, rate: float, entry: float) -> float | None:
        is_home = self._instruments[name].quote == self._currency
        return own_margin(self._positions[name].m, units, rate, entry, is_home=is_home)

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        estimate = self._account.reported_estimate
        return {
            "balance": None if self.balance is None else str(self.balance),
            "is_balance_known": known(self._account.balance),
            "is_known": self.is_known,
            "reported_margin": None if self.reported_margin is None else str(self.reported_margin),
            "reported_estimate": estimate if known(estimate) else None,
            "dated": {name: list(each) for name, each in self._dated.items()},
            "as_of": self._as_of,
            "counted": list(self._counted),
            "last_fill": self._last_fill_ns,
            "margin_at": self._margin_ns,
            "last_opening": self._opened_ns,
            "latest": list(self._latest),
            "heard": [self._heard_ns, self._adopted_ns],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.balance = None if state["balance"] is None else Decimal(state["balance"])
        self.reported_margin = None if state["reported_margin"] is None else Decimal(state["reported_margin"])
        self.is_known, self._as_of, self._last_fill_ns = state["is_known"], state["as_of"], state["last_fill"]
        self._margin_ns, self._opened_ns = state.get("margin_at", 0), state.get("last_opening", 0)
        self._counted, self._latest = dict.fromkeys(state.get("counted", ())), dict.fromkeys(state.get("latest", ()))
        if "heard" in state:  # a state from before they were kept has none
            self._heard_ns, self._adopted_ns = state["heard"]
        else:
            self._heard_ns = self._adopted_ns = NEVER
        self._dated = {name: (units, rate, part) for name, (units, rate, part) in state.get("dated", {}).items()}
        if self._last_fill_ns:
            self._account.last_fill_at = self._last_fill_ns
        self._show_balance(is_known=state["is_balance_known"])
