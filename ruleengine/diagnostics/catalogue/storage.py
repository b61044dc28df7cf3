"""RE700–RE729: the journal, snapshots and other files that the engine writes.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Severity
from ruleengine.diagnostics.span import Span

_TESTED = "none: needs files on a disk; tests/journal has a case for it"


@fault(
    "RE701",
    title="journal in use by another engine",
    what="Another process holds the lock of this account's journal.",
    why="Two engines on one account would each count only their own orders, and every cap would be wrong.",
    bad="ruleengine run --policy p.yaml --account acct.yaml   # while the same account already runs elsewhere",
    good="ruleengine status                                   # find and stop the other one first",
    proof=_TESTED,
)
def journal_in_use(span: Span, account: str, holder: str) -> Wording:
    return says(
        f"the journal of account {word(account)} is held by {holder or 'an engine that left no name'}",
        help="stop that engine first, or give this one another account or --journal folder",
    )


@fault(
    "RE702",
    title="journal written by a newer version",
    what="The file states a layout version that this version of ruleengine does not know.",
    why="Reading an unknown layout by guess could misread positions and orders.",
    bad="ruleengine 1.0 opens a journal that ruleengine 2.0 wrote",
    good="ruleengine 2.0, or later, opens it",
    proof=_TESTED,
)
def journal_newer(span: Span, found: int, known: int) -> Wording:
    return says(
        f"the journal has layout version {found}, this ruleengine reads up to version {known}",
        help="use the version of ruleengine that wrote it, or a later one",
    )


@fault(
    "RE703",
    title="not a journal",
    what="The file is no SQLite file of ours, or its tables are not the ones a journal has.",
    why="Nothing in it can be trusted as a record of decisions.",
    bad="ruleengine audit trades.csv",
    good="ruleengine audit .ruleengine/practice/journal.sqlite",
    proof=_TESTED,
)
def not_a_journal(span: Span, reason: str) -> Wording:
    return says(f"this is not a journal: {reason}", help="check the path; a journal's name is `journal.sqlite`")


@fault(
    "RE704",
    title="journal of another account or run",
    what="The file is sound by itself, but it is not the one that belongs here.",
    why="Orders and positions of another account would be taken for this one's.",
    bad="cp other/journal.sqlite .ruleengine/practice/journal.sqlite",
    good="each account keeps its own folder: .ruleengine/<account>/",
    proof=_TESTED,
)
def journal_of_another(span: Span, expected: str, found: str) -> Wording:
    return says(
        f"this journal belongs to {word(found)}, expected {word(expected)}",
        help="put the account's own journal back, or name its folder with --journal",
    )


@fault(
    "RE705",
    title="no journal there",
    what="There is no journal at this path.",
    why="Without one there is nothing to read, explain or verify.",
    bad="ruleengine why --last --journal nowhere/",
    good="ruleengine why --last --journal .ruleengine/practice/",
    proof=_TESTED,
)
def journal_missing(span: Span, reason: str = "") -> Wording:
    return says(
        f"no journal at this path{': ' if reason else ''}{reason}",
        help="`ruleengine run` writes one; name its folder with --journal",
    )


@fault(
    "RE706",
    title="account name cannot name a folder",
    what="The default place of a journal is a folder with the account's name, and this name cannot be one.",
    why="A name with separators or control characters would put the journal somewhere else than it seems.",
    bad="account: ../other",
    good="account: practice-001",
    proof=_TESTED,
)
def account_names_no_folder(span: Span, account: str) -> Wording:
    return says(
        f"account {word(account)} cannot name a folder",
        help="use letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 100 characters",
    )


@fault(
    "RE710",
    title="journal damaged",
    what="A row, the chain between rows, or an index does not say what was written.",
    why="A decision based on it could repeat an order or miss one; rows before the damage are still good.",
    bad="one bit of the file changed on the disk",
    good="keep the file, then let `ruleengine audit` say which rows still hold",
    proof=_TESTED,
)
def journal_damaged(span: Span, where: str, expected: str, found: str) -> Wording:
    return says(
        f"journal damaged at {where}: expected {expected}, found {found}",
        help="keep a copy of the whole folder, and compare open orders and positions with the venue before going on",
    )


@fault(
    "RE711",
    title="journal cut short",
    what="The head, kept apart from the rows, knows rows that the file no longer has.",
    why="What is missing was durable, so orders that left may be among it.",
    bad="truncate -s -8192 .ruleengine/practice/journal.sqlite",
    good="copy the whole folder (journal.sqlite, -wal and journal.head together), never one file of it",
    proof=_TESTED,
)
def journal_cut_short(span: Span, head_seq: int, last_seq: int) -> Wording:
    return says(
        f"journal cut short: its head knows row {head_seq}, the last row here is {last_seq}",
        help="look for a complete copy with its -wal file; else compare open orders with the venue before going on",
    )


@fault(
    "RE712",
    title="one copy of the head unreadable",
    what="One of the copies of the journal's head fails its checksum; another one holds.",
    why="A power cut while it was written leaves this behind. The rows were checked without it.",
    bad="power cut while the head was written",
    good="nothing to do: the next durable write replaces it",
    proof=_TESTED,
    severity=Severity.WARNING,
)
def head_copy_unreadable(span: Span, copy: str) -> Wording:
    return says(f"{copy} of the journal's head fails its checksum", help="the next durable write replaces it")


@fault(
    "RE713",
    title="head of the journal missing",
    what="No readable copy of the head stands beside the journal.",
    why="Without it nobody can tell whether rows were lost from the end.",
    bad="cp .ruleengine/practice/journal.sqlite backup/",
    good="cp -r .ruleengine/practice backup/",
    proof=_TESTED,
)
def head_missing(span: Span, head: str) -> Wording:
    return says(
        f"no readable head in {word(head)}, so a loss of rows at the end could not be seen",
        help="copy `journal.head` together with the journal",
    )


@fault(
    "RE720",
    title="disk full",
    what="The journal cannot grow: the disk, a quota or a set limit is used up.",
    why="No order may leave before its intent is durable, so entries are refused until there is room.",
    bad="0 bytes free where the journal stands",
    good="free some space; the engine goes on by itself",
    proof=_TESTED,
)
def disk_full(span: Span) -> Wording:
    return says("no room left to write the journal", help="free space on that disk; entries stay refused until then")


@fault(
    "RE721",
    title="journal not writable",
    what="The file, its folder or the file system is read-only for this user.",
    why="No order may leave before its intent is durable.",
    bad="chmod 444 .ruleengine/practice/journal.sqlite",
    good="chmod 600 .ruleengine/practice/journal.sqlite",
    proof=_TESTED,
)
def journal_read_only(span: Span, reason: str) -> Wording:
    return says(
        f"the journal cannot be written: {reason}",
        help="give this user write permission on the folder, or name another one with --journal",
    )


@fault(
    "RE722",
    title="writing the journal failed",
    what="The operating system reported an error while the journal was written or made durable.",
    why="After such an error nobody knows what reached the disk; trying again could claim success for lost rows.",
    bad="an I/O error of the disk at commit",
    good="stop, check the disk, start again: the start verifies the file and resolves open orders by query",
    proof=_TESTED,
)
def journal_write_failed(span: Span, reason: str) -> Wording:
    return says(
        f"writing the journal failed: {reason}",
        help="check the disk and restart; the start verifies the journal",
    )


@fault(
    "RE723",
    title="journal busy",
    what="Another process kept the journal locked for longer than the writer waits.",
    why="Only the engine writes a journal; another program holds a lock that readers do not need.",
    bad="sqlite3 journal.sqlite 'BEGIN EXCLUSIVE; ...'",
    good="sqlite3 -readonly journal.sqlite 'SELECT ...'",
    proof=_TESTED,
)
def journal_busy(span: Span) -> Wording:
    return says("another program locks the journal", help="close it, or let it open the file read-only")


@fault(
    "RE724",
    title="entry cannot be recorded",
    what="An entry for the journal has no faithful record: a wrong kind, a missing field, a value JSON cannot hold.",
    why="A record that reads back as something else than was decided is worse than a refusal.",
    bad='append("fill", ts, key, {"price": nan})',
    good='append("fill", ts, key, {"order": "o-1", "price": Decimal("157.02"), ...})',
    proof=_TESTED,
)
def entry_unrecordable(span: Span, kind: str, place: str, reason: str) -> Wording:
    return says(
        f"{word(kind)} entry cannot be recorded: {place}{' ' if place else ''}{reason}",
        help="the kinds of entry and their fields are listed in docs/journal.md",
    )


@fault(
    "RE725",
    title="the journal can't be written",
    what="A live run's rows go into the room that was kept for this, beside the journal. What adds risk is refused "
    "until the journal is written again; exits go on.",
    why="Positions must not stand alone because a disk is full; and nothing is added on a record that may end soon.",
    bad="a run that ends with its positions open when the disk is full",
    good="an exit that is durable in the reserve before it leaves",
    proof=_TESTED,
)
def record_put_aside(span: Span, reason: str) -> Wording:
    return says(f"the journal can't be written ({reason})", help="make room; entries wait for it, exits go on")
