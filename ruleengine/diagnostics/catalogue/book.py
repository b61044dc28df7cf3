"""RE550–RE568: orders, trades and balances that differ from what we know of them.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Severity
from ruleengine.diagnostics.span import Span

_ORDERS = "none: needs a venue's answers; tests/runtime/orders/test_orders.py"
_BOOK = "none: needs fills and snapshots; tests/runtime/book/test_holdings.py"


@fault(
    "RE550",
    title="the same fill again",
    what="The venue reported a fill that is counted already.",
    why="Streams repeat after a reconnect; counted twice it would double the position.",
    bad="one fill in the stream and again in the catch-up",
    good="each fill counted once",
    proof=_ORDERS,
    severity=Severity.INFO,
)
def fill_again(span: Span, order: str, units: str, price: str) -> Wording:
    return says(f"fill of {units} at {price} of {order} came again and is not counted twice")


@fault(
    "RE551",
    title="an order cannot be that",
    what="The venue said something of an order that its state does not admit.",
    why="We or the venue err; the order stays as it was, in full in every limit, until a human has looked.",
    bad="an answer to an order that was only decided",
    good="answers to orders that were sent",
    proof=_ORDERS,
)
def impossible_transition(span: Span, order: str, state: str, event: str) -> Wording:
    return says(f"order {word(order)} is {state} and cannot be {event}", help="compare with the venue's own record")


@fault(
    "RE552",
    title="two statements that cannot both be true",
    what="An order that was said to be rejected, absent or filled is now said to be something else.",
    why="Money truth is in doubt: the fill counts, and a human must look (reliability.md, broker outcome protocol).",
    bad="a fill of an order that a query proved absent",
    good="a fill of an order that was unknown",
    proof=_ORDERS,
)
def contradiction(span: Span, order: str, before: str, event: str, after: str) -> Wording:
    return says(
        f"order {word(order)} was {before}, now the venue says {event}; it counts as {after}",
        help="compare with the venue's own record, then reconcile",
    )


@fault(
    "RE553",
    title="filled beyond its size",
    what="The fills of an order add up to more than was ordered.",
    why="Either a fill is counted twice or the venue filled too much; the book may be wrong.",
    bad="12_000 units filled of an order of 10_000",
    good="10_000 units filled of it",
    proof=_ORDERS,
)
def filled_beyond(span: Span, order: str, filled: str, ordered: str) -> Wording:
    return says(f"order {word(order)} has fills of {filled} units, ordered were {ordered}", help="reconcile")


@fault(
    "RE554",
    title="word of an order that nobody here sent",
    what="The venue speaks of an order id that is neither open nor remembered.",
    why="Another engine, a human, or an earlier state of this one sent it; its effect is counted, it is not ours.",
    bad="two engines on one account",
    good="one engine on one account",
    proof=_ORDERS,
    severity=Severity.WARNING,
)
def order_not_known(span: Span, order: str, event: str) -> Wording:
    return says(f"order {word(order)} is {event}, and is not known here", help="see who else trades on this account")


@fault(
    "RE555",
    title="order without an answer",
    what="No answer came in time. The order may or may not be at the venue.",
    why="It counts in full in every limit and is never sent again until a query tells the truth.",
    bad="sending it again after a timeout",
    good="asking the venue what became of it",
    proof=_ORDERS,
)
def order_unknown(span: Span, order: str, units: str, instrument: str) -> Wording:
    return says(f"order {word(order)} of {units} {instrument} has had no answer", help="it is resolved by asking")


@fault(
    "RE556",
    title="unknown order resolved",
    what="An answer, a fill or a query told what became of an order that was unknown.",
    why="From here on it counts as what it is.",
    bad="an order that stays unknown",
    good="an order that turned out filled, working or absent",
    proof=_ORDERS,
    severity=Severity.INFO,
)
def order_resolved(span: Span, order: str, state: str) -> Wording:
    return says(f"order {word(order)} turned out {state}")


@fault(
    "RE559",
    title="order changed at the venue",
    what="The venue says that an order of ours has other units or another price than we know of.",
    why="Limits count what may still fill, so they follow the order as the venue has it, whoever changed it.",
    bad="an order for 4,000 that counts 10,000",
    good="4,000 from the venue's word on",
    proof=_ORDERS,
    severity=Severity.INFO,
)
def order_amended(span: Span, order: str, units: str, price: str) -> Wording:
    return says(f"order {word(order)} is of {units} now, at {price}")


@fault(
    "RE558",
    title="units of a shared side are gone",
    what="Where the account nets, the venue has fewer units of a side than ours and manual ones together.",
    why="The venue does not say whose went. What reductions of ours that are out may have taken counts as ours, then "
    "manual units are taken to be gone, then ours: never more is ours than the venue has (FX-16).",
    bad="ours 1_000 and manual 5_000, 4_000 at the venue, and nobody said who sold",
    good="fills of whoever sold, each with its order",
    proof=_BOOK,
    severity=Severity.WARNING,
)
def side_shrank(span: Span, side: str, before: str, after: str, ours: str, manual: str) -> Wording:
    return says(
        f"{word(side)}: {before} in our book, {after} at the venue; taken to be gone: {manual} manual, {ours} ours",
        help="where that is wrong, close or reopen the difference by hand",
    )


@fault(
    "RE560",
    title="tag of no declared strategy",
    what="A trade or signal carries a tag that is no strategy, no alias and no cut of one.",
    why="Exact-match filters lost such trades silently; here they are strategy `unknown`, and are said (FX-16).",
    bad="tag `TrendMAbe` where only `TrendMA-bull` is declared",
    good="strategies: {TrendMAbe: {}}",
    proof="none: needs trades; tests/runtime/book/test_tags.py",
    severity=Severity.WARNING,
)
def tag_not_declared(span: Span, tag: str, subject: str) -> Wording:
    return says(
        f"{subject} has tag {word(tag)}, which no strategy declares",
        help="add it to the `aliases` of its strategy, or declare a strategy",
    )


@fault(
    "RE561",
    title="client id and tags disagree",
    what="The client id says another owner or pocket than the trade's own tags.",
    why="One of the two is wrong, and rules that go by pocket or owner would miss the trade (FX-16).",
    bad="client id `qr-1-micro-M1Scalper` with pocket `macro`",
    good="client id `qr-1-micro-M1Scalper` with pocket `micro`",
    proof="none: needs trades; tests/runtime/book/test_tags.py",
    severity=Severity.WARNING,
)
def tags_disagree(span: Span, subject: str, client_id: str, said: str, found: str) -> Wording:
    return says(
        f"{subject}: client id {word(client_id)} says {said}, the trade says {found}",
        help="see which of the two wrote the wrong tag",
    )


@fault(
    "RE562",
    title="trade appeared",
    what="The venue holds a trade that was not in our book; it is in it from now on.",
    why="A human, another program or a lost fill opened it; it counts in every limit at once (SC-19).",
    bad="a position that nobody counts",
    good="a position that is counted, and a note that says since when",
    proof=_BOOK,
    severity=Severity.WARNING,
)
def trade_appeared(span: Span, trade: str, owner: str, side: str, units: str, instrument: str) -> Wording:
    return says(f"trade {word(trade)} ({owner}, {side} {units} {instrument}) is at the venue and was not in our book")


@fault(
    "RE563",
    title="trade vanished",
    what="A trade of our book is no longer at the venue; it is removed.",
    why="It was closed from outside or a fill was lost; acting on it again would open the other side (SC-19).",
    bad="an exit sent for a trade that is gone",
    good="a trade removed, and a note that says so",
    proof=_BOOK,
    severity=Severity.WARNING,
)
def trade_vanished(span: Span, trade: str, side: str, units: str, instrument: str) -> Wording:
    return says(f"trade {word(trade)} ({side} {units} {instrument}) is no longer at the venue")


@fault(
    "RE564",
    title="book and venue differ",
    what="A figure of our book is another one at the venue; the venue's counts.",
    why="A difference of one unit is a lost or doubled fill; limits count on the book (reliability.md P8).",
    bad="10_000 units here, 9_999 at the venue",
    good="10_000 units on both sides",
    proof=_BOOK,
    severity=Severity.WARNING,
)
def book_differs(span: Span, what: str, ours: str, theirs: str) -> Wording:
    return says(f"{what}: {ours} in our book, {theirs} at the venue; the venue's counts")


@fault(
    "RE565",
    title="account read failed",
    what="The venue's statement of the account, or a figure of it, could not be read.",
    why="What could not be read is unknown, not zero and not flat (FX-33).",
    bad="counting a failed read as an empty account",
    good="entries refused until the next good read",
    proof=_BOOK,
    severity=Severity.WARNING,
)
def account_unread(span: Span, what: str) -> Wording:
    return says(f"{what} could not be read and is unknown until a good read", help="entries wait; exits go on")


@fault(
    "RE566",
    title="closing fill before its opening one",
    what="A fill closes more of a trade than its opening fills have brought so far.",
    why="Messages overtake each other; the missing fill settles the trade, or reconciliation does if it never comes.",
    bad="a close without an open, for good",
    good="the opening fill a moment later",
    proof=_BOOK,
    severity=Severity.WARNING,
)
def close_before_open(span: Span, trade: str, units: str, instrument: str) -> Wording:
    return says(
        f"trade {word(trade)}: {units} {instrument} more closed than opened so far",
        help="it is settled by the missing fill or by the next reconciliation",
    )


@fault(
    "RE567",
    title="fill older than the book",
    what="A fill happened before the venue's snapshot from which our book was taken, so the book has it already.",
    why="Counted again it would double the position (SC-19).",
    bad="a snapshot and then the fills that led to it",
    good="fills after the snapshot",
    proof=_BOOK,
    severity=Severity.INFO,
)
def fill_before_snapshot(span: Span, trade: str, units: str, instrument: str) -> Wording:
    return says(f"fill of {units} {instrument} of trade {word(trade)} is older than the snapshot and is in it already")


@fault(
    "RE568",
    title="manual trade",
    what="A trade is open that no order of ours opened.",
    why="It counts in margin, equity and exposure, and is never touched (FX-16).",
    bad="closing somebody else's trade",
    good="counting it",
    proof=_BOOK,
    severity=Severity.INFO,
)
def manual_trade(span: Span, trade: str, side: str, units: str, instrument: str) -> Wording:
    return says(f"trade {word(trade)} ({side} {units} {instrument}) is manual: counted, never touched")


@fault(
    "RE557",
    title="a trade is another strategy's now",
    what="The policy that goes on declares other names: an open trade belongs to another strategy than before.",
    why="Exits, limits and statistics of the strategy that it belongs to now are the ones that count for it.",
    bad="the alias `Trend-x` moved from TrendMA to M1Scalper while a trade with that tag is open",
    good="aliases that stay, or an exit in the new strategy that closes it too",
    proof="none: needs a restart under another policy; tests/runtime/engine/test_removed_exits.py",
    severity=Severity.INFO,
)
def other_strategy(span: Span, trade: str, before: str, after: str) -> Wording:
    return says(f"trade {trade} was {before}, and is {after} now")
