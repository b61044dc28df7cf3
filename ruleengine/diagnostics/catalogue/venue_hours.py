"""RE543–RE546: the venue's own word of its hours against our calendar (OPS-07).

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says
from ruleengine.diagnostics.diagnostic import Severity
from ruleengine.diagnostics.span import Span

_HOURS = "none: needs a venue's word of its hours; tests/runtime/engine/test_venue_hours.py"


@fault(
    "RE543",
    title="the venue's calendar and ours differ",
    what="The venue says that it trades on a day on which our calendar is closed all day, or that it doesn't while our "
    "calendar is open. What adds risk is refused in these instruments for that time; exits go on.",
    why="One of the two is wrong: calendar libraries miss elections and days that are set at short notice. Whoever "
    "opens on the wrong one holds what can't be closed.",
    bad="an entry at 10:00 of a weekday for which the exchange's own calendar says closed",
    good="an account file that states the day under `calendar`, which wins",
    proof=_HOURS,
)
def hours_differ(span: Span, subject: str, source: str, begin: str, end: str, *, is_open: bool) -> Wording:
    theirs, ours = ("trades", "doesn't trade") if is_open else ("doesn't trade", "trades")
    return says(
        f"{source}: {subject} {theirs} between {begin} and {end}; by our calendar it {ours}",
        help="entries are refused for that time, exits go on; state the truth under `calendar` of the account file",
    )


@fault(
    "RE544",
    title="the venue doesn't trade it now",
    what="The venue says that an instrument can't be traded now, while our calendar is open. What adds risk is refused "
    "until the venue says otherwise.",
    why="The last price is still young, and nothing would fill at it: the order would be refused, or filled at another "
    "price when trading begins again.",
    bad="an entry on the last price before a halt",
    good="the entry on the first price after it",
    proof=_HOURS,
    severity=Severity.WARNING,
)
def no_trading_now(span: Span, subject: str, source: str, since: str) -> Wording:
    return says(
        f"{source}: {subject} can't be traded since {since}; by our calendar it is open",
        help="entries wait until the venue says that it trades; exits go on",
    )


@fault(
    "RE545",
    title="the account file's day wins over the venue's",
    what="The venue's word of a day is against what the account file states of it under `calendar`. The file counts.",
    why="A human looked at that day and decided; whoever reads the record sees against what.",
    bad="a file from last year that nobody looked at again",
    good="a day that was stated because the venue's list is known to be wrong",
    proof=_HOURS,
    severity=Severity.WARNING,
)
def account_file_wins(span: Span, subject: str, source: str, begin: str, *, is_open: bool) -> Wording:
    theirs = "trades" if is_open else "doesn't trade"
    return says(f"{source}: {subject} {theirs} from {begin} on; the account file states otherwise, and counts")


@fault(
    "RE546",
    title="the venue's calendar and ours agree again",
    what="The venue took a word of its hours back.",
    why="From here on what adds risk is no longer refused for it.",
    bad="entries let through again for no visible reason",
    good="a note that says whose word changed",
    proof=_HOURS,
    severity=Severity.INFO,
)
def hours_agree(span: Span, subject: str, source: str) -> Wording:
    return says(f"{source}: {subject} as by our calendar again")
