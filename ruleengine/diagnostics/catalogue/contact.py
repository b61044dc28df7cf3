"""RE510–RE519: how well the venue is heard: its connections, its book against ours, its clock, orders that are out.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Severity
from ruleengine.diagnostics.span import Span

_LINK = "none: needs a venue over a network; tests/runtime/engine/test_links.py"
_BOOKS = "none: needs a venue over a network; tests/runtime/engine/test_reconciliations.py"
_LOOP = "none: needs a venue over a network; tests/runtime/driving/test_network_loop.py"
_RESUME = "none: needs a journal that was cut off; tests/runtime/driving/test_resume.py"


@fault(
    "RE510",
    title="orders and fills are not heard",
    what="The connection over which the venue tells of orders and fills is lost. What adds risk is refused until it is "
    "there again, with everything missed made up for.",
    why="Nobody knows what happens at the venue meanwhile; an unheard fill counts in no limit. Exits go on: they can "
    "only take risk off.",
    bad="an entry while the account's stream is away",
    good="the entry after the stream is back and the books were compared",
    proof=_LINK,
)
def account_unheard(span: Span, since: str, detail: str) -> Wording:
    why = f" ({detail})" if detail else ""
    return says(f"orders and fills are not heard since {since}{why}", help="entries wait for it; exits go on")


@fault(
    "RE511",
    title="our book and the venue's differ again and again",
    what="Two reconciliations in a row found other units at the venue than in our book. What adds risk is refused "
    "until one agrees, or a human resumes with a reason.",
    why="Once may be a fill that was on its way. Twice means that fills are not heard, or are counted twice: every "
    "limit counts on the book.",
    bad="1_001 units at the venue and 1_000 here, and half a minute later 1_002 and 1_001",
    good="a reconciliation that finds what our book has",
    proof=_BOOKS,
)
def books_differ(span: Span, what: str) -> Wording:
    return says(
        f"the venue has other units than our book, twice in a row: {what}",
        help="see who else trades on this account; `resume` with a reason goes on at once",
    )


@fault(
    "RE512",
    title="our clock and the venue's are apart",
    what="The venue stamped an answer more than two seconds later than we heard it, or earlier than the order was "
    "sent. What adds risk is refused until an answer shows that they agree, or a human resumes with a reason.",
    why="Hours, ages and deadlines are wrong by as much; orders that carry a time are refused by the venue.",
    bad="a machine whose clock runs three seconds behind",
    good="a clock that is set by the network (NTP)",
    proof=_LINK,
)
def clocks_apart(span: Span, apart: str, limit: str, which: str) -> Wording:
    return says(
        f"our clock is {apart} s {which} the venue's, at most {limit} s are allowed",
        help="let the system set its clock by the network, then `resume` with a reason; exits go on",
    )


@fault(
    "RE513",
    title="prices are not heard",
    what="The connection over which prices come is lost.",
    why="Prices grow old meanwhile: rules and the gate go by their age, as in any other silence.",
    bad="a price of a minute ago taken for one of now",
    good="a price that is unknown once it is older than `quote_age_max`",
    proof=_LINK,
    severity=Severity.WARNING,
)
def prices_unheard(span: Span, detail: str) -> Wording:
    why = f" ({detail})" if detail else ""
    return says(f"prices are not heard{why}", help="what is older than `quote_age_max` counts as unknown")


@fault(
    "RE514",
    title="the venue is heard again",
    what="A connection is there again, the books agree again, or the clocks do.",
    why="From here on what adds risk is no longer refused for it.",
    bad="entries let through again for no visible reason",
    good="a note that says since when",
    proof=_LINK,
    severity=Severity.INFO,
)
def heard_again(span: Span, what: str) -> Wording:
    return says(what)


@fault(
    "RE515",
    title="the venue's list lacks an order",
    what="An order that is out, as far as we heard, is not among those that the venue says are out.",
    why="It ended and we did not hear how, or it never arrived. Only an answer about the order itself tells; it counts "
    "in full until then.",
    bad="taking it for never sent, and sending it again",
    good="asking the venue for this order",
    proof=_BOOKS,
)
def order_missing(span: Span, order: str, units: str, instrument: str) -> Wording:
    return says(
        f"order {word(order)} of {units} {instrument} is not in the venue's list of orders that are out",
        help="it is unknown until it is asked for",
    )


@fault(
    "RE516",
    title="reconciliation older than our book",
    what="The venue's book is of a time before a fill that we counted already, or before the last reconciliation.",
    why="Taken over, it would undo what happened since. The next one counts.",
    bad="a snapshot that was under way while a fill came",
    good="a snapshot that has every fill that we heard of",
    proof=_BOOKS,
    severity=Severity.INFO,
)
def reconciliation_old(span: Span, when: str, ours: str) -> Wording:
    return says(f"the venue's book of {when} is older than ours of {ours}, and is left out")


@fault(
    "RE517",
    title="a run goes on",
    what="The engine was built again from its journal, and goes on from the last event that was recorded.",
    why="Whoever reads on sees what was replayed, and which orders the venue is asked for.",
    bad="an order that nobody asks for after a restart",
    good="each order that may have left is asked for, each that did not is said to be absent",
    proof=_RESUME,
    severity=Severity.INFO,
)
def resumed(span: Span, events: str, sent: str, unsent: str) -> Wording:
    return says(f"goes on after {events} replayed events; may have left: {sent} orders, did not leave: {unsent}")


@fault(
    "RE518",
    title="carried over by name",
    what="The run goes on under another policy, or its events lead to other orders than the record has. What it knew "
    "is carried over by name; orders come from the record.",
    why="Deciding the past anew with other rules would make orders that were never sent, and lose those that were.",
    bad="another version of a policy after a crash, and the orders of the old one forgotten",
    good="the old orders followed to their end, the new rules from the next event on",
    proof=_RESUME,
    severity=Severity.WARNING,
)
def carried_over(span: Span, before: str, now: str) -> Wording:
    if before:
        return says(f"the policy was {before[:12]} and is {now[:12]}: what is known of open trades goes by name")
    return says(
        "the record's events lead to other orders than it has: orders are taken from the record",
        help="see whether this version of the engine is another one than that of the record",
    )


@fault(
    "RE519",
    title="something asked of the venue failed",
    what="The venue, or the way to it, failed at an order, a question or at closing. The run goes on.",
    why="A fault at one order must not end a run that has to see to exits. What may have left is unknown and is asked "
    "for.",
    bad="a run that ends because one request broke",
    good="the order said to be unknown, with an alert, and the next price looked at",
    proof=_LOOP,
)
def venue_failed(span: Span, what: str, why: str) -> Wording:
    return says(f"{what}: {why}")
