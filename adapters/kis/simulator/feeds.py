"""What goes out over WebSocket: prices as the market moves, notices as orders do."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.websockets import WebSocket

from adapters.kis.simulator.board import STEP_NS
from adapters.kis.simulator.days import Phase
from adapters.kis.simulator.exchange import Exchange, Notice
from adapters.kis.simulator.frames import Frames, frame
from adapters.kis.simulator.keys import Key, Keys
from adapters.kis.simulator.notices import fields
from adapters.kis.simulator.notices import frame as encrypted_frame
from adapters.kis.simulator.sessions import BOOKS, TRADES, Session
from adapters.kis.simulator.settings import Settings

_RECORDS = 8  # in one frame at most; what is older is not told


class Feeds:
    """Every open session, and what each has heard."""

    def __init__(self, exchange: Exchange, keys: Keys, settings: Settings) -> None:
        self._exchange, self._board, self._keys, self._settings = exchange, exchange.board, keys, settings
        self._frames = Frames(exchange.board)
        self._sessions: list[Session] = []
        self._untold: list[Notice] = []
        self._told: dict[str, tuple[int, tuple[Any, ...]]] = {}
        exchange.listeners.append(self._untold.append)

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its opening to its end."""
        session = Session(socket, self._keys, self._settings, self._board.market.clock)
        self._sessions.append(session)
        try:
            await session.run(self._is_taken)
        finally:
            self._sessions.remove(session)

    # --- notices -----------------------------------------------------------------------------------------------------

    def tell(self, *, fills_first: bool = False) -> None:
        """Send the notices that wait, in the order in which things happened, or fills before all others."""
        notices, self._untold[:] = list(self._untold), []
        if fills_first:
            notices.sort(key=lambda notice: notice.what != "filled")
        for notice in notices:
            self._send(notice)

    async def drained(self) -> None:
        """Until everything that was sent is on its way."""
        await asyncio.gather(*(session.drained() for session in self._sessions))

    def _send(self, notice: Notice) -> None:
        account = notice.order.account
        tr_id = "H0STCNI9" if account in self._exchange.mock_accounts else "H0STCNI0"
        share = self._board.shares[notice.order.symbol]
        for session in self._sessions:
            if session.key is None or session.key.account != account:
                continue
            for registered, customer in list(session.registered):
                if registered == tr_id:
                    iv, key = session.ciphers[tr_id]
                    text = fields(notice, share, customer, self._settings.notice_fields)
                    session.send(encrypted_frame(tr_id, text, key, iv))

    # --- prices ------------------------------------------------------------------------------------------------------

    def push(self) -> None:
        """Send what is new of every registered share."""
        symbols = {key for session in self._sessions for tr_id, key in session.registered if tr_id in TRADES | BOOKS}
        for symbol in sorted(symbols & set(self._board.shares)):
            self._push(symbol)

    def _push(self, symbol: str) -> None:
        board = self._board
        now, phase = board.now_ns(), board.phase(symbol)
        book = board.book(symbol)
        shown = (phase, tuple(book.asks), tuple(book.bids), board.last(symbol))
        before, was_shown = self._told.get(symbol, (now - STEP_NS, ()))
        if phase is Phase.SHUT or (shown == was_shown and now // STEP_NS == before // STEP_NS):
            return
        self._told[symbol] = now, shown
        records = self._trades(symbol, before, now) if phase is Phase.REGULAR else []
        picture = self._frames.book(symbol) if self._is_registered(symbol, BOOKS) else ""
        for session in self._sessions:
            for registration in list(session.registered):
                tr_id, key = registration
                found = records if tr_id in TRADES else [picture] if tr_id in BOOKS and picture else []
                if key == symbol and found:
                    session.send_price(registration, frame(tr_id, found))

    def _trades(self, symbol: str, after_ns: int, now_ns: int) -> list[str]:
        """A record for each step of the market since; where the price was set within a step, one for it."""
        if symbol in self._board.halted or not self._is_registered(symbol, TRADES):
            return []
        first = max(after_ns // STEP_NS + 1, now_ns // STEP_NS - _RECORDS + 1)
        instants = [step * STEP_NS for step in range(first, now_ns // STEP_NS)] + [now_ns]
        sizes = [(at, int(self._board.market.traded(symbol, at))) for at in instants]
        return [self._frames.trade(symbol, at, size) for at, size in sizes if size]

    def _is_registered(self, symbol: str, kinds: frozenset[str]) -> bool:
        return any(key == symbol and tr_id in kinds for session in self._sessions for tr_id, key in session.registered)

    def _is_taken(self, session: Session, key: Key) -> bool:
        return any(each is not session and each.key is key for each in self._sessions)
