"""Trades and positions, made of the lots and mirrored into the frames that rules read.

    lots → trade         `Trade`: one lot, or an owner's of a side (`lot_book.py`); whose, units, average entry
    trade → frame        in base units; best and worst closing price stay with the frame
    trades → position    both sides of an instrument (`positions.py`), what is ours of them and what anybody holds
    quotes               between which no peak of an instrument moves (`peaks.py`)

Sizes are the venue's (contracts where an instrument has them); frames have base units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import AccountFrame, MarketFrame, TradeFrame
from ruleengine.model.instrument import Instrument
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown, known
from ruleengine.runtime.book.closed import ClosedTrades
from ruleengine.runtime.book.lot_book import MANUAL, LotBook
from ruleengine.runtime.book.lots import Lot, average_price, opening_fees, total
from ruleengine.runtime.book.peaks import Watch, begin
from ruleengine.runtime.book.positions import Positions
from ruleengine.runtime.book.trades import Trade

_ZERO = Decimal(0)


class Mirror:
    """`trades`: open ones by name. `watched`: what quotes move, by instrument."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        markets: Mapping[str, MarketFrame],
        account: AccountFrame,
        lots: LotBook,
        books: Positions,
        closed: ClosedTrades,
    ) -> None:
        self._instruments, self._markets, self._account = instruments, markets, account
        self._lots, self._books, self._closed = lots, books, closed
        self.trades: dict[str, Trade] = {}
        self.watched: dict[str, Watch] = {}
        self._is_always = False
        account.positions = list(books.frames.values())
        account.trades = account.all_trades = Unknown(Reason.MISSING, "trades")

    def refresh(self, instrument: str) -> None:
        """Trades and frames of an instrument from its lots; a trade without any has ended."""
        groups = self._lots.groups(instrument)
        for name in [name for name, t in self.trades.items() if t.instrument == instrument and name not in groups]:
            self._closed.end(name, self.trades.pop(name))
        for name, lots in groups.items():
            lots.sort(key=lambda lot: (lot.opened_ns, lot.id))
            self._show(self._trade_of(name, lots[0]), lots)
        self._show_position(instrument)
        self._account.all_trades = [trade.frame for trade in self.trades.values()]
        self._account.trades = [trade.frame for trade in self.trades.values() if not trade.is_manual]
        self._watch(instrument)

    def end(self, name: str, *, unheard_ns: int) -> None:
        """A trade, where there is one of that name, ended before `unheard_ns` without our hearing of it."""
        trade = self.trades.pop(name, None)
        if trade is not None:
            self._closed.end(name, trade, unheard_ns=unheard_ns)

    def match_closed(self, ts: int) -> None:
        """What ended without our hearing of it, and what trades that are there have come to (`closed.py`)."""
        groups = self._lots.groups()
        for name in [name for name in self.trades if name not in groups]:
            self._closed.end(name, self.trades[name], unheard_ns=ts)
        self._closed.match({name: (total(lots), average_price(lots)) for name, lots in groups.items()}, ts)

    def rename(self) -> None:
        """Whose the lots are was resolved anew; where the account nets, a trade is named by its owner, too."""
        for name, trade in list(self.trades.items()):
            first = self._lots.lots[trade.lots[0]]
            trade.identity, trade.id = first.identity or trade.identity, self._lots.trade_name(first)
            if trade.id != name:
                del self.trades[name]
                self.trades.setdefault(trade.id, trade)
                self._closed.rename(name, trade.id)

    # --- looking up --------------------------------------------------------------------------------------------------

    def side_units(self, instrument: str, *, own: bool) -> tuple[Decimal, Decimal]:
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

    # --- lots → trades → frames --------------------------------------------------------------------------------------

    def _trade_of(self, name: str, first: Lot) -> Trade:
        """The trade of that name, with what its earliest lot says; a later lot never changes who it is."""
        trade = self.trades.get(name)
        who = first.identity
        assert who is not None, "lots without an opening are in no trade"
        if trade is None:
            frame = TradeFrame(m=self._markets[first.instrument], stage=0)
            trade = Trade(name, first.instrument, first.side, frame, who, first.opened_ns, first.opened)
            self.trades[name] = trade
        elif first.opened_ns > trade.opened_ns:
            return trade
        trade.identity, trade.opened_ns, trade.client_id, trade.rule = who, first.opened_ns, first.client_id, first.rule
        trade.stop, trade.target = first.stop, first.target
        history = self._books.side(first.instrument, first.side).history
        opening = history.openings.get(first.client_id or first.id)
        trade.initial_units = opening.units if self._lots.nets and opening is not None else first.opened
        return trade

    def _show(self, trade: Trade, lots: list[Lot]) -> None:
        frame, who, size = trade.frame, trade.identity, self._instruments[trade.instrument].contract_size
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

    def _show_position(self, instrument: str) -> None:
        here = [trade for trade in self.trades.values() if trade.instrument == instrument]
        held: dict[Side, Decimal] = {}
        ours: dict[Side, tuple[Decimal, Decimal]] = {}
        for side in Side:
            held[side] = sum((trade.units for trade in here if trade.side is side), _ZERO)
            own = [trade for trade in here if trade.side is side and not trade.is_manual]
            if own:
                lots = [self._lots.lots[name] for trade in own for name in trade.lots]
                ours[side] = (total(lots), average_price(lots))
        self._books.show(instrument, held, ours)
        market = self._markets[instrument]
        for side, price in ((Side.LONG, market.bid), (Side.SHORT, market.ask)):
            book = self._books.side(instrument, side)
            if book.is_open and known(price):
                book.follow(price)

    # --- quotes ------------------------------------------------------------------------------------------------------

    def watch_all(self, *, is_always: bool) -> None:
        """Which quotes are looked at, anew; from here on all of them, or those alone that move a peak."""
        self._is_always = is_always
        for name in self._instruments:
            self._watch(name)

    def _watch(self, instrument: str) -> None:
        frames = [trade.frame for trade in self.trades.values() if trade.instrument == instrument]
        longs = [frame for frame in frames if frame.side == "long"]
        shorts = [frame for frame in frames if frame.side == "short"]
        if frames or self._is_always:
            books = [book for book in self._books.sides[instrument].values() if book.is_open]
            self.watched[instrument] = Watch(longs, shorts, books, is_always=self._is_always)
        else:
            self.watched.pop(instrument, None)

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> list[dict[str, Any]]:
        """What lots do not say again."""
        return [trade.state() for trade in self.trades.values()]

    def restore(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.trades.clear()
        for row in rows:
            trade = Trade.from_state(row, self._markets[row["instrument"]])
            if self._lots.shares(trade.id) and trade.is_manual and not trade.id.endswith(MANUAL):
                trade.id += MANUAL  # a state from before owners had trades of their own
                self._closed.rename(row["id"], trade.id)
            self.trades[trade.id] = trade


def _known_or_missing(figure: Decimal | None, fact: str) -> float | Unknown:
    return Unknown(Reason.MISSING, fact) if figure is None else float(figure)
