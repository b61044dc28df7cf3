"""What the account holds: balance, trades and positions, exact in Decimal, mirrored into the frames that rules read.

    lot        what the venue numbers (`lots.py`)
    trade      what rules see: one lot on a hedging account; all lots of one side of an instrument on a netting one
    position   both sides of an instrument, each since ours was last flat there (`positions.py`)

    1. `adopt`                   the venue's book becomes ours, in one step; what differs is noted
    2. `apply`                   a fill, counted once; `cash`, `account_read`: money
    3. `mirror_orders`           what orders that are out may still add
    4. `observe`                 every quote: best and worst closing price of each trade (`peaks.py`)

Sizes are the venue's (contracts where an instrument has them); frames have base units. Figures that follow from these
(equity, margin, results) are expressions of the graph and are not computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.facts.frames import AccountFrame, MarketFrame, TradeFrame
from ruleengine.model.addition import Addition
from ruleengine.model.audit import Note
from ruleengine.model.event import AccountRead, CashChange, Fill
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown, known
from ruleengine.ports.venue import TradeState, VenueSnapshot
from ruleengine.runtime.addition_days import NOT_KNOWN, OUTSIDE, AdditionDays
from ruleengine.runtime.closed import ClosedTrades
from ruleengine.runtime.lots import (
    Lot,
    Piece,
    average_price,
    lot_from_json,
    lot_to_json,
    opening_fees,
    total,
)
from ruleengine.runtime.margin import MarginWeights, own_margin
from ruleengine.runtime.orders import OrderRecord, Orders, SeenFills, note, position_key
from ruleengine.runtime.peaks import Watch, begin
from ruleengine.runtime.positions import Positions
from ruleengine.runtime.since_flat import UNHEARD
from ruleengine.runtime.tags import Identity, Tags
from ruleengine.runtime.trades import Trade

CLOSED_MAX = 1_000
"""Closed lots that are remembered, so that a late fill of one finds it."""
REOPENED_NS = 1_000_000_000
"""A position that began this much after the last fill we know of it is another one; less may be a venue's rounding."""

_VERSION = 1
_HERE = Span.of_file("holdings")
_ZERO = Decimal(0)


class Holdings:
    """One account. `markets`: the frames that the runtime keeps current; positions and trades point at them."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        currency: str,
        mode: Literal["netting", "hedging"],
        weights: MarginWeights,
        tags: Tags,
        markets: Mapping[str, MarketFrame],
        account: AccountFrame | None = None,
    ) -> None:
        self.instruments, self.currency, self.tags, self.markets = dict(instruments), currency, tags, markets
        self.nets, self.weights = mode == "netting", weights
        self.account = account if account is not None else AccountFrame()
        self.account.nets = self.nets
        self.account.weight_net, self.account.weight_max_side = weights.net, weights.max_side
        self.account.weight_gross = weights.gross
        self.books = Positions(self.instruments, markets, nets=self.nets)
        self.positions = self.books.frames
        self.account.positions = list(self.positions.values())
        self.account.trades = self.account.all_trades = Unknown(Reason.MISSING, "trades")
        self.closed = ClosedTrades(self.instruments, markets, self.account)
        self.trades: dict[str, Trade] = {}
        self.balance: Decimal | None = None
        self.reported_margin: Decimal | None = None
        self.days: AdditionDays | None = None
        """Told of every addition; set where a run has days."""
        self.is_known = False
        """False before the first adoption and after a failed read: what adds risk is refused (FX-33)."""
        self._lots: dict[str, Lot] = {}
        self._live: dict[str, Lot] = {}
        """Those of `_lots` that are not closed: what trades and frames are made of."""
        self._closed: dict[str, None] = {}
        self._watched: dict[str, Watch] = {}
        self._needs_estimate = False
        self._as_of = self._last_fill_ns = 0
        self._counted: dict[str, None] = {}
        """Numbers of the fills stamped `_as_of` that the last snapshot has already."""
        self._seen = SeenFills()

    # --- every quote ---------------------------------------------------------------------------------------------

    def observe(self, instrument: str, bid: float, ask: float) -> None:
        """A sound quote: best and worst closing prices move. Returns at once where they can't."""
        watch = self._watched.get(instrument)
        if watch is None or (watch.bid_low <= bid <= watch.bid_high and watch.ask_low <= ask <= watch.ask_high):
            return
        watch.move(bid, ask)
        if self._needs_estimate:
            self._estimate()

    # --- the venue's book ----------------------------------------------------------------------------------------

    def adopt(
        self, snapshot: VenueSnapshot, tags: Tags | None = None, *, seq: int = 0, orders: Orders | None = None
    ) -> list[Note]:
        """The venue's book replaces ours, whole (SC-19). After the first time, every difference is noted. `orders`:
        what we sent, to tell what a trade that we have not heard of came from."""
        if tags is not None:
            self.retag(tags)
        is_first = self.balance is None
        found: list[Diagnostic] = [] if is_first else self._differences(snapshot)
        same = self._same(snapshot)
        kept, self._lots, self._live, self._closed = self._lots, {}, {}, {}
        still = {(state.instrument, state.side) for state in snapshot.trades if _is_ours(same.get(state.id))}
        for name in self.instruments:
            for side in Side:
                if (name, side) not in still:
                    self.books.side(name, side).close()
        for state in snapshot.trades:
            if state.instrument in self.instruments:
                found += self._take_over(state, same.get(state.id), orders, snapshot.ts, is_first=is_first)
        for name, lot in kept.items():
            if name not in self._lots:
                lot.end()
                self._lots[name] = lot
                self._remember_closed(lot)
        self._as_of, self._counted = snapshot.ts, dict.fromkeys(snapshot.counted)
        self._match_closed(snapshot.ts)
        self.balance, self.reported_margin, self.is_known = snapshot.balance, snapshot.margin_used, True
        for name in self.instruments:
            self._refresh(name)
        self._mirror_balance(is_known=True)
        self._estimate()
        return [note(each, snapshot.ts, seq) for each in found]

    def _match_closed(self, ts: int) -> None:
        """What ended without our hearing of it, and what trades that are there have come to (`closed`)."""
        groups = self._groups()
        for name in [name for name in self.trades if name not in groups]:
            self.closed.end(name, self.trades[name], unheard_ns=ts)
        self.closed.match({name: (total(lots), average_price(lots)) for name, lots in groups.items()}, ts)

    def retag(self, tags: Tags) -> None:
        """Resolve all trades' strategies anew, after a policy with other declarations took over."""
        self.tags = tags
        for lot in self._lots.values():
            if lot.identity is not None:
                before, lot.identity = lot.identity.owner, self._identify(lot, lot.identity)
                self._change_hands(lot, before)
        for trade in self.trades.values():
            trade.identity = self._lots[trade.lots[0]].identity or trade.identity
        for name in self.instruments if self.balance is not None else ():
            self._refresh(name)

    def _change_hands(self, lot: Lot, before: str) -> None:
        """An open lot is ours under the new declarations and was not, or the other way round."""
        if lot.identity is None or lot.identity.owner == before or not _is_open(lot):
            return
        side, key = self.books.side(lot.instrument, lot.side), lot.client_id or lot.id
        if lot.identity.owner == "engine":
            side.opened(key, lot.opened_ns, lot.price, lot.opened).rule = lot.rule
        else:
            side.history.openings.pop(key, None)

    def _identify(self, lot: Lot, who: Identity) -> Identity:
        is_ours = who.owner == "engine"
        return self.tags.identify(
            f"trade {lot.id}", lot.client_id, who.raw_tag, who.pocket, is_ours=is_ours, opened_by=who.opened_by
        )

    def _differences(self, snapshot: VenueSnapshot) -> list[Diagnostic]:
        theirs = {state.id: state for state in snapshot.trades}
        found: list[Diagnostic] = []
        for name, lot in self._lots.items():
            state = theirs.get(name)
            if lot.units != 0 and state is None:
                found.append(book.trade_vanished(_HERE, name, lot.side.value, str(lot.units), lot.instrument))
            elif state is not None and lot.units not in (0, state.units):
                found.append(book.book_differs(_HERE, f"units of trade {name}", str(lot.units), str(state.units)))
        if self.balance is not None and self.balance != snapshot.balance:
            found.append(book.book_differs(_HERE, "balance", str(self.balance), str(snapshot.balance)))
        return found

    def _same(self, snapshot: VenueSnapshot) -> dict[str, Lot]:
        """Our lots of which the snapshot tells, by their numbers. On a netting account one name stands for one position
        after the other: one that was closed and opened again, unheard, is not the one whose peaks and stages we know
        (FX-35), and what we know is forgotten."""
        same: dict[str, Lot] = {}
        for state in snapshot.trades:
            ours = self._lots.get(state.id)
            if ours is None:
                continue
            if self.nets and state.opened_ns > ours.last_ns + REOPENED_NS:
                gone = self.trades.pop(self._trade_name(ours), None)
                if gone is not None:
                    self.closed.end(gone.id, gone, unheard_ns=min(snapshot.ts, state.opened_ns))
            else:
                same[state.id] = ours
        return same

    def _take_over(
        self, state: TradeState, ours: Lot | None, orders: Orders | None, at: int, *, is_first: bool
    ) -> list[Diagnostic]:
        """A lot as the venue states it. What only we know of it (its rule, what kind of intent opened it) stays."""
        found: list[Diagnostic] = []
        identity = ours.identity if ours is not None else None
        if identity is None:
            identity = self.tags.identify(f"trade {state.id}", state.client_id, state.tag, state.pocket)
            found += identity.found
        fees = ours.fees if ours is not None and ours.units == state.units else None
        what = (state.side.value, str(state.units), state.instrument)
        if not is_first and not _is_open(ours):
            found.append(book.trade_appeared(_HERE, state.id, identity.owner, *what))
        elif is_first and identity.owner == "manual":
            found.append(book.manual_trade(_HERE, state.id, *what))
        self._lots[state.id] = self._live[state.id] = Lot(
            id=state.id,
            instrument=state.instrument,
            side=state.side,
            identity=identity,
            client_id=state.client_id,
            rule=ours.rule if ours is not None else "",
            opened_ns=state.opened_ns,
            stop=state.stop,
            target=state.target,
            first_stop=ours.first_stop if ours is not None else state.stop,
            base_units=state.units,
            base_price=state.price,
            base_fees=fees,
            fees=fees,
            opened=max(ours.opened, state.units) if ours is not None else state.units,
            units=state.units,
            price=state.price,
        )
        if identity.owner == "engine":
            self._grown(state, ours, orders, at)
        return found

    def _grown(self, state: TradeState, ours: Lot | None, orders: Orders | None, at: int) -> None:
        """What the venue has beyond what we heard of: a new lot, or more of one. Under the name of a side, as of a
        venue that numbers no trades, more of it is an addition; under a number it is the rest of its own order."""
        was_open = ours is not None and ours.units > 0
        units = state.units - (ours.units if ours is not None and was_open else _ZERO)
        if units <= 0:
            return
        is_whole_side = state.id == position_key(state.instrument, state.side)
        if not (was_open and is_whole_side):
            record = None if orders is None else orders.get(state.client_id)
            self._found(state, state.client_id or state.id, state.opened_ns, units, record)
            return
        for record, part in [] if orders is None else _senders(orders, state, units):
            self._found(state, record.order.id, at, part, record)
            units -= part
        if units > 0:
            self._found(state, f"{UNHEARD}{at}", at, units, None)

    def _found(self, state: TradeState, key: str, ts: int, units: Decimal, record: OrderRecord | None) -> None:
        """Units of an opening that the venue's book told of."""
        side = self.books.side(state.instrument, state.side)
        if side.is_open and key not in side.history.openings and self.days is not None:
            self.days.add(state.instrument, ts, NOT_KNOWN if record is None else record.rule)
        opening = side.opened(key, ts, state.price, units)
        if record is not None:
            opening.rule, opening.kind, opening.addition = record.rule, record.kind, record.addition
        stated = state.leverage if record is None else record.order.leverage
        opening.leverage = opening.leverage if stated is None else stated

    def _explain(self, fill: Fill, side: Side, order: Order, kind: str, rule: str, addition: Addition | None) -> None:
        """An opening fill that the venue's book told of first says whose the units are that were found then."""
        history = self.books.side(fill.instrument, side).history
        told = history.explain(fill.order_id, order.units, fill.ts_event, fill.price, fill.units)
        if told is None:
            return
        told.opening.kind, told.opening.rule, told.opening.addition = kind, rule, addition
        told.opening.leverage = order.leverage
        if self.days is not None and told.is_all:
            self.days.forget(fill.instrument, told.found_ns)
        if self.days is not None and told.is_new:
            self.days.add(fill.instrument, fill.ts_event, rule)
        self._refresh(fill.instrument)

    # --- fills and money -----------------------------------------------------------------------------------------

    def apply(
        self,
        fill: Fill,
        order: Order | None = None,
        kind: str = "",
        rule: str = "",
        *,
        stage: str = "",
        addition: Addition | None = None,
    ) -> list[Note]:
        """A fill of our `order` (None: a stop, a target, or somebody else's). `kind`, `rule`, `stage`, `addition`: of
        the intent behind the order. A trade that an order not ours opens is manual."""
        if not self._seen.add(fill):
            return []  # `Orders.on_fill` notes it
        side = fill.side if fill.opens else fill.side.opposite
        name = fill.trade_id or position_key(fill.instrument, side)
        if fill.ts_event < self._as_of or (fill.ts_event == self._as_of and fill.fill_id in self._counted):
            self.closed.late(name, fill, rule, self._who(name, fill, order, kind) if fill.opens else None)
            if fill.opens and order is not None:
                self._explain(fill, side, order, kind, rule, addition)
            found = book.fill_before_snapshot(_HERE, name, str(fill.units), fill.instrument)
            return [note(found, fill.ts, fill.seq, name)]
        self._last_fill_ns = self.account.last_fill_at = max(self._last_fill_ns, fill.ts_event)
        if self.balance is not None:
            self.balance += fill.realised - fill.fee
        self._mirror_balance()
        if fill.instrument not in self.instruments:
            return []  # money only: its margin is in what the venue states beyond our estimate
        lot = self._lot_for(fill, name, side)
        notes = self._open(lot, fill, order, kind, rule, addition) if fill.opens else []
        lot.add(Piece(fill.ts_event, not fill.opens, fill.price, fill.units, fill.fee))
        if lot.units < 0:
            notes.append(book.close_before_open(_HERE, name, str(-lot.units), fill.instrument))
        elif lot.units == 0:
            self._remember_closed(lot)
        self._tell_closed(lot, fill, rule)
        if stage and not fill.opens:
            self.advance_stage(self._trade_name(lot), stage)
        self._refresh(fill.instrument)
        return [note(each, fill.ts, fill.seq, name) for each in notes]

    def _tell_closed(self, lot: Lot, fill: Fill, rule: str) -> None:
        """The fill counts in its trade's tally; a trade that ended with it and was never seen open ends here."""
        name = self._trade_name(lot)
        self.closed.count(name, fill, rule)
        if lot.units == 0 and name not in self.trades:
            self.closed.end(name, lot)

    def _lot_for(self, fill: Fill, name: str, side: Side) -> Lot:
        lot = self._lots.get(name)
        if lot is None or (fill.opens and lot.is_over(fill.ts_event)):
            lot = self._lots[name] = Lot(name, fill.instrument, side)
        self._live[name] = lot
        self._closed.pop(name, None)
        return lot

    def _open(
        self, lot: Lot, fill: Fill, order: Order | None, kind: str, rule: str, addition: Addition | None
    ) -> list[Diagnostic]:
        """An opening fill: who the lot belongs to, and what it does to the position."""
        is_new = lot.identity is None
        if is_new or fill.ts_event < lot.opened_ns:
            lot.opened_ns = fill.ts_event
        found = self._begin(lot, fill, order, kind, rule) if is_new else []
        if lot.identity is not None and lot.identity.owner == "engine":
            self._opened(lot, fill, order, kind, rule, addition)
        return found

    def _begin(self, lot: Lot, fill: Fill, order: Order | None, kind: str, rule: str) -> list[Diagnostic]:
        """The first opening that is heard of a lot says whose it is."""
        lot.client_id, lot.rule = fill.order_id, rule
        if order is not None:
            lot.stop, lot.target, lot.first_stop = order.stop, order.target, order.stop
        lot.identity = self._who(lot.id, fill, order, kind)
        found = list(lot.identity.found)
        if lot.identity.owner == "manual":
            found.append(book.manual_trade(_HERE, lot.id, lot.side.value, str(fill.units), lot.instrument))
        return found

    def _who(self, name: str, fill: Fill, order: Order | None, kind: str) -> Identity:
        """Whose a lot is, by the fill that opens it."""
        tag, pocket = (order.strategy, order.pocket) if order is not None else ("", "")
        return self.tags.identify(
            f"trade {name}", fill.order_id, tag, pocket, is_ours=order is not None, opened_by=kind
        )

    def _opened(
        self, lot: Lot, fill: Fill, order: Order | None, kind: str, rule: str, addition: Addition | None
    ) -> None:
        """What the fill does to the history of its side (SC-08)."""
        side, key = self.books.side(lot.instrument, lot.side), fill.order_id or lot.id
        if side.is_open and key not in side.history.openings and self.days is not None:
            is_ours = rule or self.tags.owner(fill.order_id) == "engine"
            self.days.add(lot.instrument, fill.ts_event, rule if is_ours else OUTSIDE)
        opening = side.opened(key, fill.ts_event, fill.price, fill.units)
        opening.kind, opening.rule, opening.addition = kind, rule, addition
        opening.leverage = None if order is None else order.leverage

    def cash(self, change: CashChange) -> None:
        """Financing, funding, a deposit or withdrawal; what the last snapshot has already is left out."""
        if self.balance is not None and change.ts_event > self._as_of:
            self.balance += change.amount
            self._mirror_balance()

    def account_read(self, read: AccountRead) -> list[Note]:
        """The venue's statement. What could not be read is unknown from here on, until a good read (FX-33)."""
        balance, margin = (None, None) if read.failed else (read.balance, read.margin_used)
        self.is_known = balance is not None and margin is not None
        found: list[Diagnostic] = []
        if not self.is_known:
            part = "the balance" if balance is None else "the margin used"
            found.append(book.account_unread(_HERE, "the account" if read.failed else part))
        if balance is not None and read.ts_event >= self._last_fill_ns:
            if self.balance is not None and self.balance != balance:
                found.append(book.book_differs(_HERE, "balance", str(self.balance), str(balance)))
            self.balance = balance
        self.reported_margin = margin
        self._mirror_balance(is_known=balance is not None)
        self._estimate()
        return [note(each, read.ts, read.seq) for each in found]

    def mirror_orders(self, orders: Orders, instrument: str) -> None:
        """What working and unknown orders may still add to the instrument's sides, and how many there are."""
        long_units, short_units = orders.pending_units(instrument)
        self.books.pending(instrument, float(long_units), float(short_units))
        self.account.working_orders, self.account.unknown_orders = orders.counts()
        if orders.last_sent_ns:
            self.account.last_order_at = orders.last_sent_ns

    # --- looking up ----------------------------------------------------------------------------------------------

    def side_units(self, instrument: str, *, own: bool = False) -> tuple[Decimal, Decimal]:
        """Open (long, short) units of an instrument as the venue counts. `own`: without manual trades."""
        long_units = short_units = _ZERO
        for trade in self.trades.values():
            if trade.instrument == instrument and not (own and trade.is_manual):
                if trade.side is Side.LONG:
                    long_units += trade.units
                else:
                    short_units += trade.units
        return long_units, short_units

    def advance_stage(self, trade_id: str, stage: str) -> None:
        """An exit stage has filled; told twice it counts once."""
        trade = self.trades.get(trade_id)
        if trade is not None:
            trade.stages[stage] = None
            trade.frame.stage = len(trade.stages)

    def has_stage(self, trade_id: str, stage: str) -> bool:
        trade = self.trades.get(trade_id)
        return trade is not None and stage in trade.stages

    # --- lots → trades → frames ----------------------------------------------------------------------------------

    def _trade_name(self, lot: Lot) -> str:
        return position_key(lot.instrument, lot.side) if self.nets else lot.id

    def _remember_closed(self, lot: Lot) -> None:
        self._live.pop(lot.id, None)
        self._closed[lot.id] = None
        while len(self._closed) > CLOSED_MAX:
            oldest = next(iter(self._closed))
            del self._closed[oldest], self._lots[oldest]

    def _refresh(self, instrument: str) -> None:
        """Trades and frames of an instrument from its lots."""
        groups = self._groups(instrument)
        for name in [name for name, t in self.trades.items() if t.instrument == instrument and name not in groups]:
            self.closed.end(name, self.trades.pop(name))
        for name, lots in groups.items():
            lots.sort(key=lambda lot: (lot.opened_ns, lot.id))
            self._mirror_trade(self._trade_of(name, lots[0]), lots)
        self._mirror_position(instrument)
        frames = [trade.frame for trade in self.trades.values()]
        self.account.all_trades = frames
        self.account.trades = [frame for frame in frames if frame.owner == "engine"]
        self._watch(instrument)

    def _groups(self, instrument: str = "") -> dict[str, list[Lot]]:
        """Open lots by the trade that they make; of all instruments where none is named."""
        groups: dict[str, list[Lot]] = {}
        for lot in self._live.values():
            if instrument in ("", lot.instrument) and lot.units > 0 and lot.identity is not None:
                groups.setdefault(self._trade_name(lot), []).append(lot)
        return groups

    def _trade_of(self, name: str, first: Lot) -> Trade:
        """The trade of that name, with what its earliest lot says; a later lot never changes who it is."""
        trade = self.trades.get(name)
        who = first.identity
        assert who is not None, "lots without an opening are in no trade"
        if trade is None:
            frame = TradeFrame(m=self.markets[first.instrument], stage=0)
            trade = Trade(name, first.instrument, first.side, frame, who, first.opened_ns, first.opened)
            self.trades[name] = trade
        elif first.opened_ns > trade.opened_ns:
            return trade
        trade.identity, trade.opened_ns, trade.client_id, trade.rule = who, first.opened_ns, first.client_id, first.rule
        trade.stop, trade.target = first.stop, first.target
        history = self.books.side(first.instrument, first.side).history
        opening = history.openings.get(first.client_id or first.id)
        trade.initial_units = opening.units if self.nets and opening is not None else first.opened
        return trade

    def _mirror_trade(self, trade: Trade, lots: list[Lot]) -> None:
        frame, who, size = trade.frame, trade.identity, self.instruments[trade.instrument].contract_size
        trade.lots = tuple(lot.id for lot in lots)
        trade.units, trade.entry_price = total(lots), average_price(lots)
        frame.id, frame.instrument, frame.side = trade.id, trade.instrument, trade.side.value
        frame.sign, frame.units = float(trade.side.sign), float(trade.units * size)
        frame.initial_units = float(trade.initial_units * size)
        frame.entry_price, frame.opened_at = float(trade.entry_price), trade.opened_ns
        frame.strategy, frame.pocket, frame.owner, frame.opened_by = who.strategy, who.pocket, who.owner, who.opened_by
        frame.stop = _known_or_missing(trade.stop, "trade.stop")
        frame.target = _known_or_missing(trade.target, "trade.target")
        frame.first_stop = _known_or_missing(lots[0].first_stop, "trade.first_stop")
        frame.opening_fees = _known_or_missing(opening_fees(lots), "trade.opening_fees")
        price = frame.m.bid if trade.side is Side.LONG else frame.m.ask
        if known(price):
            begin(frame, price)

    def _mirror_position(self, instrument: str) -> None:
        here = [trade for trade in self.trades.values() if trade.instrument == instrument]
        held: dict[Side, Decimal] = {}
        ours: dict[Side, tuple[Decimal, Decimal]] = {}
        for side in Side:
            held[side] = sum((trade.units for trade in here if trade.side is side), _ZERO)
            own = [trade for trade in here if trade.side is side and not trade.is_manual]
            if own:
                lots = [self._lots[name] for trade in own for name in trade.lots]
                ours[side] = (total(lots), average_price(lots))
        self.books.show(instrument, held, ours)
        market = self.markets[instrument]
        for side, price in ((Side.LONG, market.bid), (Side.SHORT, market.ask)):
            book = self.books.side(instrument, side)
            if book.is_open and known(price):
                book.follow(price)

    def _watch(self, instrument: str) -> None:
        frames = [trade.frame for trade in self.trades.values() if trade.instrument == instrument]
        longs = [frame for frame in frames if frame.side == "long"]
        shorts = [frame for frame in frames if frame.side == "short"]
        if frames or self._needs_estimate:
            books = [book for book in self.books.sides[instrument].values() if book.is_open]
            self._watched[instrument] = Watch(longs, shorts, books, is_always=self._needs_estimate)
        else:
            self._watched.pop(instrument, None)

    def _mirror_balance(self, *, is_known: bool | None = None) -> None:
        """`is_known` None: as it was."""
        can_say = known(self.account.balance) if is_known is None else is_known
        if can_say and self.balance is not None:
            self.account.balance = float(self.balance)
        else:
            self.account.balance = Unknown(Reason.MISSING, "account.balance", "could not be read")

    def _estimate(self) -> None:
        """The two slots that a statement of the margin gives: what it says, and what ours was at that moment. Where a
        currency's rate is not known yet, the first quotes are watched until it is."""
        account = self.account
        needed_before = self._needs_estimate
        self._needs_estimate = False
        account.reported_margin_used = _known_or_missing(self.reported_margin, "account.reported_margin_used")
        account.reported_estimate = Unknown(Reason.MISSING, "account.reported_estimate")
        if self.reported_margin is not None:
            parts = [self._own_margin(name) for name in self.instruments]
            known_parts = [part for part in parts if part is not None]
            self._needs_estimate = len(known_parts) < len(parts)
            if not self._needs_estimate:
                account.reported_estimate = sum(known_parts)
        if self._needs_estimate or needed_before:
            for name in self.instruments:
                self._watch(name)

    def _own_margin(self, name: str) -> float | None:
        instrument = self.instruments[name]
        position, is_home = self.positions[name], instrument.quote == self.currency
        rate = position.m.margin_rate if known(position.m.margin_rate) else float(instrument.margin_rate)
        larger = Side.LONG if position.long_units >= position.short_units else Side.SHORT
        lots = [
            each for each in self._live.values() if each.instrument == name and each.side is larger and _is_open(each)
        ]
        entry = average_price(lots) if lots else _ZERO
        return own_margin(position, self.weights, rate, float(entry), is_home=is_home)

    # --- state ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All of it as JSON values; `restore` continues to the bit."""
        return {
            "version": _VERSION,
            "balance": None if self.balance is None else str(self.balance),
            "is_balance_known": known(self.account.balance),
            "is_known": self.is_known,
            "reported_margin": None if self.reported_margin is None else str(self.reported_margin),
            "reported_estimate": self.account.reported_estimate if known(self.account.reported_estimate) else None,
            "as_of": self._as_of,
            "counted": list(self._counted),
            "last_fill": self._last_fill_ns,
            "lots": [lot_to_json(lot) for lot in self._lots.values()],
            "closed": list(self._closed),
            "sides": self.books.state(),
            "trades": [trade.state() for trade in self.trades.values()],
            "seen": self._seen.state(),
            "ended": self.closed.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`; peaks and stages are in it (FX-35)."""
        self.balance = None if state["balance"] is None else Decimal(state["balance"])
        self.reported_margin = None if state["reported_margin"] is None else Decimal(state["reported_margin"])
        self.is_known, self._as_of, self._last_fill_ns = state["is_known"], state["as_of"], state["last_fill"]
        self._counted = dict.fromkeys(state.get("counted", ()))
        self._lots = {row["id"]: lot_from_json(row) for row in state["lots"]}
        self._closed = dict.fromkeys(state["closed"])
        self._live = {name: lot for name, lot in self._lots.items() if name not in self._closed}
        self.books.restore(state["sides"])
        self.trades = {row["id"]: Trade.from_state(row, self.markets[row["instrument"]]) for row in state["trades"]}
        self._seen.restore(state["seen"])
        if self._last_fill_ns:
            self.account.last_fill_at = self._last_fill_ns
        if "ended" in state:  # a state from before they were kept has none
            self.closed.restore(state["ended"])
        if self.balance is not None:
            for name in self.instruments:
                self._refresh(name)
        self._mirror_balance(is_known=state["is_balance_known"])
        self._estimate()
        if state["reported_estimate"] is not None:
            self.account.reported_estimate, self._needs_estimate = state["reported_estimate"], False


def _senders(orders: Orders, state: TradeState, units: Decimal) -> list[tuple[OrderRecord, Decimal]]:
    """Which orders that are out brought these units more on a side, and how many each: the only one there is, or all
    of them. Where some of several did, nobody can say which: none."""
    out = [
        (record, record.order.units - record.filled)
        for record in orders.live()
        if not record.reduces and (record.order.instrument, record.order.side) == (state.instrument, state.side)
    ]
    if len(out) == 1:
        return [(out[0][0], min(out[0][1], units))]
    return out if sum((left for _, left in out), _ZERO) <= units else []


def _is_open(lot: Lot | None) -> bool:
    return lot is not None and lot.units > 0


def _is_ours(lot: Lot | None) -> bool:
    return lot is not None and lot.units > 0 and lot.identity is not None and lot.identity.owner == "engine"


def _known_or_missing(figure: Decimal | None, fact: str) -> float | Unknown:
    return Unknown(Reason.MISSING, fact) if figure is None else float(figure)
