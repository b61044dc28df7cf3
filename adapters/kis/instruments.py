"""Specifications of shares, from the price service: the venue has no list of instruments (§4.6)."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from adapters.kis.client import Client
from adapters.kis.rows import Row
from adapters.kis.services import PRICE
from ruleengine.model.instrument import Instrument
from ruleengine.model.side import Side
from ruleengine.model.ticks import TickTable
from ruleengine.ports.venue import VenueError

_UNKNOWN = frozenset({"APBK0656", "MCA05918"})


def is_symbol(name: str) -> bool:
    """A Korean share's code: six characters, `Q` and six for ETNs; leading zeros belong to it (trap 10).

    >>> is_symbol("005930"), is_symbol("Q500001"), is_symbol("5930"), is_symbol("USD_JPY")
    (True, True, False, False)
    """
    return name.isascii() and name.isalnum() and name.upper() == name and (
        len(name) == 6 or (len(name) == 7 and name[0] == "Q")
    )  # fmt: skip


async def look_up(client: Client, name: str) -> Instrument | None:
    """One share's specification; None where the venue has no such symbol.

    Errors   VenueError where it can't be asked.
    """
    if not is_symbol(name):
        return None
    try:
        row = await client.row(PRICE, {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": name})
    except VenueError as error:
        if error.code in _UNKNOWN:
            return None
        raise
    base = row.maybe("stck_sdpr")
    return None if base is None or base <= 0 else _specified(name, base, row)


def _specified(name: str, base: Decimal, row: Row) -> Instrument:
    """A share; where the tick that the venue states now is not that of stocks, the table of ETFs."""
    stock = plain_share(name)
    price = row.maybe("stck_prpr") or base
    stated, lot = row.maybe("aspr_unit"), row.maybe("hts_deal_qty_unit_val")
    ticks: TickTable = "krx_stock"
    if stated is not None and stated > 0 and stated != stock.tick_at(price):
        etf = replace(stock, ticks="krx_etf")
        if stated != etf.tick_at(price):
            raise VenueError(
                f"{name}: the venue's tick is {stated} at {price}, which is in no table of ours", code="TICK",
                remedy=f"leave {name} out, or report the new table",
            )  # fmt: skip
        ticks = "krx_etf"
    size = lot if lot is not None and lot > 0 else Decimal(1)
    return replace(stock, ticks=ticks, base_price=base, lot=size, min_size=size)


def plain_share(name: str) -> Instrument:
    """What holds for every share: whole ones, tick by price, ±30 % a day, no short sales."""
    one = Decimal(1)
    return Instrument(
        name=name, kind="stock", base=name, quote="KRW", pip=one, tick=one, sessions="krx", ticks="krx_stock",
        can_short=False, price_limit=Decimal("0.3"),
    )  # fmt: skip


def on_grid(spec: Instrument, side: Side, price: Decimal) -> Decimal:
    """A limit price on the table's grid: a buy is cut down, a sale up (trap 12).

    >>> spec = plain_share("005930")
    >>> int(on_grid(spec, Side.LONG, Decimal(71_950))), int(on_grid(spec, Side.SHORT, Decimal(71_950)))
    (71900, 72000)
    """
    tick = spec.tick_at(price)
    rounding = ROUND_FLOOR if side is Side.LONG else ROUND_CEILING
    return (price / tick).to_integral_value(rounding) * tick
