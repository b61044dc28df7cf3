"""What the account holds: balance, trades and positions, exact in Decimal, mirrored into the frames that rules read.

    lot        what the venue numbers (`lots.py`, `lot_book.py`)
    trade      what rules see: one lot on a hedging account; on a netting one all of ours of one side of an instrument,
               and all that is somebody else's of it (`shares.py`)
    position   both sides of an instrument, each since ours was last flat there (`positions.py`, `openings.py`)

    1. `adopt`                   the venue's book becomes ours, in one step; what differs is noted (`adoption.py`)
    2. `apply`                   a fill, counted once; `cash`, `account_read`: money (`statement.py`)
    3. `mirror_orders`           what orders that are out may still add
    4. `observe`                 every quote: best and worst closing price of each trade (`peaks.py`)

After each of them trades and frames are made anew of the lots (`mirror.py`). Sizes are the venue's (contracts where an
instrument has them); frames have base units. Figures that follow from these (equity, margin, results) are expressions
of the graph and are not computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.diagnostics.catalogue.pages import word
from ruleengine.facts.frames import AccountFrame, MarketFrame
from ruleengine.model.addition import Addition
from ruleengine.model.audit import Note
from ruleengine.model.event import AccountRead, CashChange, Event, Fill
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book import shares
from ruleengine.runtime.book.adoption import Adoption
from ruleengine.runtime.book.closed import ClosedTrades
from ruleengine.runtime.book.lot_book import LotBook
from ruleengine.runtime.book.lots import Lot, Piece
from ruleengine.runtime.book.margin import MarginWeights
from ruleengine.runtime.book.mirror import Mirror
from ruleengine.runtime.book.openings import Openings
from ruleengine.runtime.book.past import Past
from ruleengine.runtime.book.positions import Positions
from ruleengine.runtime.book.since_flat import Sender
from ruleengine.runtime.book.statement import Statement
from ruleengine.runtime.book.tags import Identity, Tags
from ruleengine.runtime.notes import note
from ruleengine.runtime.orders.ids import position_key
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.orders.seen_fills import SeenFills

_VERSION = 1
_HERE = Span.of_file("holdings")


class Holdings:
    """One account. `markets`: the frames that the runtime keeps current; positions and trades point at them."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        currency: str,
        mode: Literal["netting", "hedging"],
        weights: MarginWeights,
        isolates: bool = False,
        tags: Tags,
        markets: Mapping[str, MarketFrame],
        account: AccountFrame | None = None,
    ) -> None:
        self.instruments, self.markets, self.weights = dict(instruments), markets, weights
        self.nets = mode == "netting"
        self.account = account if account is not None else AccountFrame()
        self.account.nets, self.account.isolates = self.nets, isolates
        self.account.weight_net, self.account.weight_max_side = weights.net, weights.max_side
        self.account.weight_gross = weights.gross
        self.books = Positions(self.instruments, markets, nets=self.nets)
        self.positions = self.books.frames
        self.closed = ClosedTrades(self.instruments, markets, self.account)
        self.openings = Openings(self.books)
        self._lots = LotBook(tags, nets=self.nets)
        self._mirror = Mirror(self.instruments, markets, self.account, self._lots, self.books, self.closed)
        self._adoption = Adoption(self._lots, self.books, self.openings, self._mirror)
        self._statement = Statement(
            self.instruments, self.account, weights, self._lots, self.positions, currency=currency
        )
        self.trades, self._watched = self._mirror.trades, self._mirror.watched
        self._seen = SeenFills()
        self._past = Past(self._seen)

    # --- every quote -------------------------------------------------------------------------------------------------

    def observe(self, instrument: str, bid: float, ask: float) -> None:
        """A sound quote: best and worst closing prices move. Returns at once where they can't."""
        watch = self._watched.get(instrument)
        if watch is None or (watch.bid_low <= bid <= watch.bid_high and watch.ask_low <= ask <= watch.ask_high):
            return
        watch.move(bid, ask)
        if self._statement.waits:
            self._statement.settle()
            self._mirror.watch_all(is_always=self._statement.waits)

    # --- the venue's book --------------------------------------------------------------------------------------------

    def adopt(
        self, snapshot: VenueSnapshot, *, heard_ns: int = 0, seq: int = 0, orders: Orders | None = None
    ) -> list[Note]:
        """The venue's book replaces ours, whole (SC-19). After the first time, every difference is noted. `heard_ns`:
        our time of it. `orders`: what we sent, to tell what a trade that we have not heard of came from."""
        is_first = self.balance is None
        found: list[Diagnostic] = []
        if not is_first:
            found = self._adoption.differences(snapshot) + self._statement.differences(snapshot.balance)
        found += self._adoption.replace(snapshot, orders, is_first=is_first)
        self._statement.adopt(snapshot, heard_ns)
        self._past.begin(max(snapshot.ts, heard_ns))
        for name in self.instruments:
            self._mirror.refresh(name)
        self._estimate()
        return [note(each, snapshot.ts, seq) for each in found]

    def is_ahead_of(self, snapshot: VenueSnapshot, heard_ns: int = 0) -> bool:
        """Has our book something already that came after the snapshot, heard at `heard_ns`? Adopted it would be
        undone."""
        return self._statement.is_ahead_of(snapshot, heard_ns)

    @property
    def newest_ns(self) -> int:
        """The venue's time of the newest thing that the book has."""
        return self._statement.newest_ns

    def other_units(self, snapshot: VenueSnapshot) -> list[str]:
        """Every side of which the venue has other units than our book, exact, in words; none before the first book."""
        if self.balance is None:
            return []
        theirs = dict.fromkeys(((name, side) for name in self.instruments for side in Side), Decimal(0))
        for state in snapshot.trades:
            if state.instrument in self.instruments:
                theirs[state.instrument, state.side] += state.units
        ours = {name: self.side_units(name) for name in self.instruments}
        return [
            f"{position_key(name, side)} {held} here, {units} there"
            for (name, side), units in theirs.items()
            if (held := ours[name][0 if side is Side.LONG else 1]) != units
        ]

    def resolve_anew(self) -> list[Diagnostic]:
        """Resolve whose all trades are by the policy's declarations, which may be others than those of the state that
        was restored; what is told of open trades that changed."""
        found: list[Diagnostic] = []
        for lot, before in self._lots.resolve_anew():
            self.openings.change_hands(lot, before)
            if lot.is_open and lot.identity is not None:
                found += lot.identity.found
                found.append(book.other_strategy(_HERE, lot.stated_as, _name(before), _name(lot.identity)))
        self._mirror.rename()
        self.closed.resolve_anew(self._lots.tags)
        for name in self.instruments if self.balance is not None else ():
            self._mirror.refresh(name)
        return found

    # --- fills and money ---------------------------------------------------------------------------------------------

    def apply(
        self,
        fill: Fill,
        order: Order | None = None,
        kind: str = "",
        rule: str = "",
        *,
        sent_ns: int = 0,
        stage: str = "",
        addition: Addition | None = None,
        filled: Decimal = Decimal(0),
    ) -> list[Note]:
        """A fill of our `order` (None: a stop, a target, or somebody else's), sent at `sent_ns`. `kind`, `rule`,
        `stage`, `addition`: of the intent behind the order; `filled`: what was heard of it before.
        A trade that an order not ours opens is manual."""
        if not self._seen.add(fill):
            return []  # `Orders.on_fill` notes it
        sender, side = Sender(order, kind, rule, addition, filled), fill.side if fill.opens else fill.side.opposite
        name = fill.trade_id or position_key(fill.instrument, side)
        if self._statement.has(fill, sent_ns):
            self._apply_late(fill, name, side, sender)
            found = book.fill_before_snapshot(_HERE, name, str(fill.units), fill.instrument)
            return [note(found, fill.ts, fill.seq, name)]
        self._statement.count(fill, sent_ns)
        if fill.instrument not in self.instruments:
            return []  # money only: its margin is in what the venue states beyond our estimate
        notes: list[Diagnostic] = []
        for lot, part in self._parts(fill, name, side, order):
            notes += self._open(lot, part, sender) if part.opens else []
            lot.add(Piece(part.ts_event, not part.opens, part.price, part.units, part.fee))
            if lot.units < 0:
                notes.append(book.close_before_open(_HERE, name, str(-lot.units), part.instrument))
            elif lot.units == 0:
                self._lots.close(lot)
            self._tell_closed(lot, part, rule)
            if stage and not part.opens:
                self.advance_stage(self._lots.trade_name(lot), stage)
        self._mirror.refresh(fill.instrument)
        return [note(each, fill.ts, fill.seq, name) for each in notes]

    def _parts(self, fill: Fill, name: str, side: Side, order: Order | None) -> list[tuple[Lot, Fill]]:
        """The lots that a fill concerns; where the account nets, whose they are goes by who sent it (`shares.py`)."""
        if self._lots.shares(name) and not fill.opens:
            return shares.of_reduction(self._lots, fill, name, side, order)
        owner = self._lots.tags.owner(fill.order_id) if order is None else "engine"
        return [(self._lots.of_fill(fill, name, side, owner), fill)]

    def _apply_late(self, fill: Fill, name: str, side: Side, sender: Sender) -> None:
        """A fill that the venue's book told of first: its units are there, whose they are was not known."""
        self.closed.late(name, fill, sender.rule, self._lots.who(name, fill, sender) if fill.opens else None)
        if not fill.opens:
            return
        units = handed = self.openings.explain(fill, side, sender)
        if self._lots.shares(name) and (units or self.openings.is_unheard(fill, side, sender)):
            handed = shares.hand_over(self._lots, fill, name, side, sender, units or fill.units)
            if handed and not units:
                mine = self._lots.of_fill(fill, name, side, "engine")
                self.openings.of_fill(mine, replace(fill, units=handed), sender, self._lots.tags)
            if handed:
                self._mirror.match_closed(fill.ts)
        if not (units or handed):
            return
        self._mirror.refresh(fill.instrument)

    def _open(self, lot: Lot, fill: Fill, sender: Sender) -> list[Diagnostic]:
        """An opening fill: who the lot belongs to, and what it does to the position."""
        is_new = lot.identity is None
        if is_new or fill.ts_event < lot.opened_ns:
            lot.opened_ns = fill.ts_event
        found = self._lots.begin(lot, fill, sender) if is_new else []
        if lot.identity is not None and lot.identity.owner == "engine":
            self.openings.of_fill(lot, fill, sender, self._lots.tags)
        return found

    def _tell_closed(self, lot: Lot, fill: Fill, rule: str) -> None:
        """The fill counts in its trade's tally; a trade that ended with it and was never seen open ends here."""
        name = self._lots.trade_name(lot)
        self.closed.count(name, fill, rule)
        if lot.units == 0 and name not in self.trades:
            self.closed.end(name, lot)

    def cash(self, change: CashChange) -> bool:
        """Financing, funding, a deposit or withdrawal; what the last snapshot has already is left out. False where it
        was told before."""
        is_news = self._past.take(change)
        if is_news:
            self._statement.cash(change)
        return is_news

    @property
    def past_since_ns(self) -> int | None:
        """From when on (venue's time) a start asks what happened meanwhile; None where there was no book yet."""
        return self._past.since_ns(self._statement.as_of_ns)

    def untold(self, past: Sequence[Fill | CashChange], recovered: Sequence[Event]) -> list[Fill | CashChange]:
        """What of the venue's history was not told yet, nor is with what was `recovered` of orders."""
        return self._past.untold(past, recovered, self.instruments)

    def account_read(self, read: AccountRead) -> list[Note]:
        """The venue's statement. What could not be read is unknown from here on, until a good read (FX-33)."""
        found = self._statement.read(read)
        self._estimate()
        return [note(each, read.ts, read.seq) for each in found]

    def _estimate(self, kept: float | None = None) -> None:
        """What our margin was as the venue stated the account's (`kept`: as a state has it); while that can't be told,
        every quote is looked at."""
        waited = self._statement.waits
        self._statement.estimate(kept)
        if waited or self._statement.waits:
            self._mirror.watch_all(is_always=self._statement.waits)

    def mirror_orders(self, orders: Orders, instrument: str) -> None:
        """What working and unknown orders may still add to the instrument's sides, and how many there are."""
        long_units, short_units = orders.pending_units(instrument)
        levered = Decimal(0)
        if self.account.isolates:
            levered = orders.pending_levered(instrument, self.instruments[instrument].margin_rate)
        self.books.pending(instrument, float(long_units), float(short_units), float(levered))
        self.account.working_orders, self.account.unknown_orders = orders.counts()
        if orders.last_sent_ns:
            self.account.last_order_at = orders.last_sent_ns

    # --- looking up --------------------------------------------------------------------------------------------------

    @property
    def balance(self) -> Decimal | None:
        return self._statement.balance

    @property
    def reported_margin(self) -> Decimal | None:
        return self._statement.reported_margin

    @property
    def is_known(self) -> bool:
        """False before the first adoption and after a failed read: what adds risk is refused (FX-33)."""
        return self._statement.is_known

    def open_lots(self) -> list[Lot]:
        """What the venue numbers, as it counts: on a netting account a trade may be several of them."""
        return self._lots.open()

    def side_units(self, instrument: str, *, own: bool = False) -> tuple[Decimal, Decimal]:
        """Open (long, short) units of an instrument as the venue counts. `own`: without manual trades."""
        return self._mirror.side_units(instrument, own=own)

    def advance_stage(self, trade_id: str, stage: str) -> None:
        """An exit stage has filled; told twice it counts once."""
        self._mirror.advance_stage(trade_id, stage)

    def has_stage(self, trade_id: str, stage: str) -> bool:
        return self._mirror.has_stage(trade_id, stage)

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All of it as JSON values; `restore` continues to the bit."""
        return {
            "version": _VERSION,
            **self._statement.state(),
            **self._lots.state(),
            "sides": self.books.state(),
            "trades": self._mirror.state(),
            "seen": self._seen.state(),
            "ended": self.closed.state(),
            "past": self._past.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`; peaks and stages are in it (FX-35)."""
        self._statement.restore(state)
        self._lots.restore(state)
        self.books.restore(state["sides"])
        self._mirror.restore(state["trades"])
        self._seen.restore(state["seen"])
        if "ended" in state:  # a state from before they were kept has none
            self.closed.restore(state["ended"])
        if "past" in state:
            self._past.restore(state["past"])
        self.openings.begin_missing(self._lots.live.values())
        if self.balance is not None:
            for name in self.instruments:
                self._mirror.refresh(name)
        self._estimate(state["reported_estimate"])


def _name(who: Identity) -> str:
    """Whose a trade is, in a sentence."""
    return f"of strategy {word(who.strategy)}" if who.owner == "engine" else "manual"
