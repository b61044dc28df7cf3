"""Facts of one trade of ours that ended, as it is kept after its end: an element of the collection `closed`.

The runtime keeps the newest of them (`runtime/book/closed.py` says how many) in the order in which they ended.
"""

from __future__ import annotations

from ruleengine.facts.base import Fact
from ruleengine.units import COUNT, DURATION, HOME, NUMBER, PIPS, PRICE, RATIO, TEXT, TIME, UNITS, enum

FACTS: tuple[Fact, ...] = (
    Fact("closed.id", "closed", TEXT, "the venue's number of the trade"),
    Fact("closed.instrument", "closed", TEXT, "its instrument", values="instruments"),
    Fact("closed.side", "closed", enum("side"), "long or short", source="SC-16, FX-24"),
    Fact("closed.sign", "closed", NUMBER, "+1 for a long, −1 for a short"),
    Fact("closed.units", "closed", UNITS, "units that were closed, all of its closings together", is_positive=True),
    Fact(
        "closed.strategy",
        "closed",
        TEXT,
        "base tag of the strategy, by declared aliases",
        source="FX-27",
        values="strategies",
    ),
    Fact("closed.pocket", "closed", TEXT, "named share of the book", values="pockets"),
    Fact("closed.opened_by", "closed", enum("intent"), "the kind of rule that opened it"),
    Fact(
        "closed.rule",
        "closed",
        TEXT,
        "what closed the last of it: a rule's id, `operator`, the venue's word (`stop`, `target` …), or `outside`",
        example='closed.rule == "stop"',
    ),
    Fact("closed.opened_at", "closed", TIME, "time of its opening fill"),
    Fact("closed.closed_at", "closed", TIME, "time of the fill that ended it"),
    Fact("closed.entry_price", "closed", PRICE, "average price of its openings", is_positive=True),
    Fact("closed.exit_price", "closed", PRICE, "average price of its closings", is_positive=True),
    Fact(
        "closed.pnl",
        "closed",
        HOME,
        "realised result in account currency as the venue states it, before fees",
        source="SC-12, FX-27",
        example="closed.pnl < 0",
    ),
    Fact("closed.fees", "closed", HOME, "fees paid for its openings and closings; negative where the venue pays"),
    Fact(
        "closed.pnl_after_fees", "closed", HOME, "realised result less fees", "closed.pnl - closed.fees", source="FX-27"
    ),
    Fact(
        "closed.age",
        "closed",
        DURATION,
        "time since it ended",
        "now - closed.closed_at",
        is_positive=True,
        source="FX-24, SC-16",
        example="closed.age <= 14d",
    ),
    Fact("closed.held", "closed", DURATION, "how long it was open", "closed.closed_at - closed.opened_at"),
    Fact(
        "closed.pnl_pips",
        "closed",
        PIPS,
        "result in pips",
        "pips(closed.sign * (closed.exit_price - closed.entry_price))",
    ),
    Fact(
        "closed.gain_ratio",
        "closed",
        RATIO,
        "price move in its favour over the entry price",
        "closed.sign * (closed.exit_price - closed.entry_price) / closed.entry_price",
    ),
)

OF_ACCOUNT: tuple[Fact, ...] = (
    Fact(
        "account.protections_on",
        "account",
        COUNT,
        "protections that are on, each scope of one for itself",
        is_positive=True,
        source="OPS-01",
    ),
    Fact("account.last_fill_at", "account", TIME, "time of the last fill of the account; unknown before the first one"),
    Fact("account.last_order_at", "account", TIME, "when an order was last sent; unknown before the first one"),
    Fact(
        "account.since_last_fill",
        "account",
        DURATION,
        "time since the last fill",
        "now - account.last_fill_at",
        is_positive=True,
        source="FX-30",
        example="account.since_last_fill > 30min",
    ),
    Fact(
        "account.since_last_order",
        "account",
        DURATION,
        "time since an order was sent",
        "now - account.last_order_at",
        is_positive=True,
        source="FX-30",
    ),
    Fact(
        "account.history_since",
        "account",
        TIME,
        "from when on `closed` has every trade of ours that ended",
        source="FX-27",
    ),
    Fact(
        "account.history",
        "account",
        DURATION,
        "how far back `closed` is complete",
        "now - account.history_since",
        is_positive=True,
        source="FX-27",
        example="account.history >= 14d",
    ),
)
