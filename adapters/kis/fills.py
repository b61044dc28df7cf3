"""Fills, counted once, though they are heard of twice: one by one on the notice channel, in sums by the order list.

    1. a notice tells of a fill at once; what the order list has counted already is not counted again
    2. the order list states sums; what is above the fills counted so far is one more fill, at the rest's average price
    3. a notice like one before it may be that one again, and one beyond the order's size can't be: neither counts,
       and the order list decides (§5.2: a repeated frame can't be told from two equal fills)
    4. while the socket is away notices are lost for good: `heard` is then too small, so that notices count too little
       and the list makes up for it, until a list was read that no notice on its way could overlap

The venue numbers no fills. Ours are `day-number-count`, where the count is that of the order's units filled with it: an
order's units are counted in one row and no unit is in two fills, here or after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from adapters.kis.ledger import LedgerOrder
from adapters.kis.notices import Notice
from adapters.kis.orders import Key
from ruleengine.model.event import Fill
from ruleengine.model.fees import Fees
from ruleengine.model.side import Side

_ZERO = Decimal(0)
_PRICE_STEP = Decimal("0.0001")
OVERLAP_NS = 5_000_000_000
"""How far apart a fill may be in a notice and in the order list, either way."""


def trade_id(symbol: str) -> str:
    """The stable name of what is held of a symbol."""
    return f"{symbol}:{Side.LONG.value}"


@dataclass(slots=True)
class Tally:
    """One order of the venue, ours (`order_id`) or not (""). `counted`: units in fills so far; `value`: of them, None
    where it is not known; `heard`: units of them that notices told of, or that were counted before them. `is_unsure`:
    notices may have been lost; `moved_ns`: when a notice or the list last told of a fill."""

    day: str
    number: str
    order_id: str
    symbol: str
    side: Side
    ordered: Decimal
    counted: Decimal = _ZERO
    value: Decimal | None = _ZERO
    heard: Decimal = _ZERO
    is_unsure: bool = False
    moved_ns: int = 0
    seen: set[tuple[str, Decimal, Decimal]] = field(default_factory=set)

    @property
    def key(self) -> Key:
        return Key.of(self.day, self.number, self.symbol)


@dataclass(slots=True)
class Holding:
    """What is held of a symbol, and its average cost."""

    units: Decimal
    cost: Decimal


class FillBook:
    """Makes every `Fill` of this venue. `fees`: by symbol, as the account file states them; the venue tells none a
    fill. `floor_ns`: no fill to come is older: what is older is in the last snapshot."""

    def __init__(self, fees: Mapping[str, Fees]) -> None:
        self._fees = fees
        self._holdings: dict[str, Holding] = {}
        self.floor_ns = 0
        self.last_ns = 0
        """The venue's time of the last fill."""
        self.at_last: list[str] = []
        """Numbers of the fills of that time."""

    def adopt(self, holdings: Mapping[str, Holding], floor_ns: int) -> None:
        """What the account holds, by its own statement as of `floor_ns`."""
        self._holdings = {symbol: Holding(each.units, each.cost) for symbol, each in holdings.items()}
        self.floor_ns = floor_ns

    def held(self, symbol: str) -> Decimal:
        """Units held, by the last statement and the fills since."""
        found = self._holdings.get(symbol)
        return _ZERO if found is None else found.units

    def of_notice(self, tally: Tally, notice: Notice, ts: int, ts_event: int) -> Fill | None:
        """The fill that a notice tells of; None where it is counted already.

        Errors   Doubtful where the order list has to decide.
        """
        signature = (notice.clock, notice.units, notice.price)
        tally.moved_ns = max(tally.moved_ns, ts)
        if signature in tally.seen or tally.heard + notice.units > tally.ordered:
            raise Doubtful(f"order {tally.number}: a notice like one before it, or beyond the order's size")
        tally.seen.add(signature)
        tally.heard += notice.units
        units = tally.heard - tally.counted
        if units <= 0:
            return None
        return self._fill(tally, units, notice.price, ts, ts_event)

    def of_ledger(self, tally: Tally, filled: Decimal, value: Decimal | None, ts: int, ts_event: int) -> Fill | None:
        """The fill that the order list has beyond those counted."""
        units = filled - tally.counted
        if units <= 0:
            return None
        price = None
        if value is not None:
            known = tally.value is not None and value > tally.value
            price = (value - tally.value) / units if known and tally.value is not None else value / filled
        if price is None or price <= 0:
            return None  # its price is stated later
        tally.moved_ns = max(tally.moved_ns, ts)
        return self._fill(tally, units, _short(price), ts, ts_event)

    def settle(self, tally: Tally, read_ns: int) -> None:
        """An order list read at `read_ns` has been counted. Where nothing had moved for a while before it, no notice of
        what is in it can still come, and `heard` is right again."""
        if tally.is_unsure and tally.moved_ns + OVERLAP_NS < read_ns:
            tally.heard, tally.is_unsure = tally.counted, False

    def _fill(self, tally: Tally, units: Decimal, price: Decimal, ts: int, ts_event: int) -> Fill:
        tally.counted += units
        if tally.value is not None:
            tally.value += units * price
        ts_event = max(ts_event, self.floor_ns)
        fill_id = f"{tally.day}-{tally.number}-{tally.counted:f}"
        if ts_event > self.last_ns:
            self.last_ns, self.at_last = ts_event, []
        if ts_event == self.last_ns:
            self.at_last.append(fill_id)
        opens = tally.side is Side.LONG
        return Fill(
            ts=ts, ts_event=ts_event, instrument=tally.symbol, order_id=tally.order_id, side=tally.side, units=units,
            price=price, trade_id=trade_id(tally.symbol), opens=opens,
            realised=self._book(tally.symbol, tally.side, units, price),
            fee=self._fee(tally.symbol, tally.side, units * price), is_last=tally.counted >= tally.ordered,
            fill_id=fill_id,
        )  # fmt: skip

    def _book(self, symbol: str, side: Side, units: Decimal, price: Decimal) -> Decimal:
        """Add to what is held, or take from it; what a sale realised against the average cost."""
        held = self._holdings.setdefault(symbol, Holding(_ZERO, price))
        if side is Side.LONG:
            total = held.units + units
            held.cost = (held.cost * held.units + price * units) / total
            held.units = total
            return _ZERO
        held.units = max(held.units - units, _ZERO)
        return _short((price - held.cost) * units)

    def _fee(self, symbol: str, side: Side, value: Decimal) -> Decimal:
        """By the account file: share of the value, a sum an order, at least a minimum; tax on what is sold. Parts of a
        won are not charged."""
        fees = self._fees.get(symbol)
        if fees is None:
            return _ZERO
        fee = _won(max(value * fees.taker + fees.per_order, fees.minimum))
        return fee + _won(value * fees.sell_tax) if side is Side.SHORT else fee


def _won(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1), ROUND_DOWN)


def _short(value: Decimal) -> Decimal:
    """To 0.0001, without zeros at the end and without an exponent.

    >>> _short(Decimal("71900.00000")), _short(Decimal("431500") / 6)
    (Decimal('71900'), Decimal('71916.6667'))
    """
    rounded = value.quantize(_PRICE_STEP).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


class Doubtful(Exception):
    """What a notice tells can't be counted on its word alone."""


def total_filled(rows: list[LedgerOrder]) -> tuple[Decimal, Decimal | None]:
    """Units and value filled of an order and its revisions."""
    units = sum((row.filled for row in rows), _ZERO)
    values = [row.value for row in rows if row.filled > 0]
    known = [value for value in values if value is not None]
    return units, sum(known, _ZERO) if len(known) == len(values) else None
