"""RE440–RE452: sources of reports: runs, journals and logs of other systems.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span

_TESTED = "none: needs runs and logs; tests/reports/evidence"


@fault(
    "RE440",
    title="nothing a report can be made of",
    what="The place is no dry run's folder, no journal and no imported log.",
    why="A report over nothing would look like one without findings.",
    bad="ruleengine report guards recordings/usdjpy",
    good="ruleengine report guards out/february",
    proof=_TESTED,
)
def no_source(span: Span) -> Wording:
    return says(
        "neither a dry run's --out folder, nor a journal, nor an imported log",
        help="run with `dry-run --out FOLDER`, name a journal's folder, or import a log with `import --preset NAME`",
    )


@fault(
    "RE441",
    title="source of a report is damaged",
    what="A file of a run or import is missing, or is not what was written.",
    why="Figures over a part of it would be wrong without showing it.",
    bad="a run.json that was cut off",
    good="the folder as the run left it",
    proof=_TESTED,
)
def source_damaged(span: Span, what: str, reason: str) -> Wording:
    return says(f"{what} can't be read: {reason or 'it is not what was written'}", help="run or import it again")


@fault(
    "RE442",
    title="sources in different currencies",
    what="The sources of one report count in different account currencies.",
    why="Their sums would mean nothing.",
    bad="ruleengine report outcomes out/usdjpy out/nzdusd-in-usd",
    good="ruleengine report outcomes out/usdjpy",
    proof=_TESTED,
)
def currencies_differ(span: Span, currencies: str) -> Wording:
    return says(f"the sources count in {currencies}", help="make a report of each")


@fault(
    "RE443",
    title="nothing in that time",
    what="The sources have nothing of what the report is about in the period asked for.",
    why="An empty table looks like good news.",
    bad="ruleengine report guards out/february --from 2014-01-01",
    good="ruleengine report guards out/february --from 2013-02-18",
    proof=_TESTED,
)
def nothing_in_time(span: Span, what: str, first: str, last: str) -> Wording:
    return says(f"no {what} in that time", help=f"the sources go from {first} to {last}; choose --from, --to or --days")


@fault(
    "RE444",
    title="log that can't be read",
    what="A file of a log is missing, damaged, or not of the declared format.",
    why="Nothing is imported from files of which one can't be read.",
    bad="ruleengine import orders.csv --preset oanda-order-log --out orders",
    good="ruleengine import orders.jsonl.gz --preset oanda-order-log --out orders",
    proof=_TESTED,
)
def log_unreadable(span: Span, reason: str) -> Wording:
    return says(f"can't be read: {reason}", help="check the file and the mapping's `format`")


@fault(
    "RE445",
    title="log without a row of the mapping",
    what="None of the log's rows is one that the mapping speaks of, or none could be taken.",
    why="The file is of another form than the mapping describes.",
    bad="ruleengine import trades.csv --preset oanda-order-log --out orders",
    good="ruleengine import trades.csv --preset oanda-closed-trades --out trades",
    proof=_TESTED,
)
def log_without_rows(span: Span, mapping: str, rows: int) -> Wording:
    return says(
        f"none of {rows:,} rows is what mapping {word(mapping)} takes",
        help="compare its columns and words with the file's; `--preset list` shows the built-in mappings",
    )


@fault(
    "RE446",
    title="mapping of a log says something wrong",
    what="A key of the mapping is missing, unknown, or has a value that it can't have.",
    why="What a log does not say must be declared; nothing is guessed.",
    bad="trades: {fields: {id: ticket}}",
    good="trades: {fields: {id: ticket, instrument: symbol, side: side, result: pnl}, opened: t0, closed: t1}",
    proof=_TESTED,
)
def log_mapping_wrong(span: Span, key: str, reason: str) -> Wording:
    return says(f"{key}: {reason}", help="docs/reports.md describes a mapping key by key")


@fault(
    "RE447",
    title="folder in the way of an import",
    what="The folder for the import is there already.",
    why="Nothing is replaced that was not asked for.",
    bad="ruleengine import orders.jsonl.gz --preset oanda-order-log --out orders   # a second time",
    good="ruleengine import orders.jsonl.gz --preset oanda-order-log --out orders --force",
    proof=_TESTED,
)
def import_in_the_way(span: Span, is_older_import: bool) -> Wording:
    if is_older_import:
        return says("it holds an import already", help="replace it with --force, or choose another folder")
    return says("it is there already and holds other things", help="choose another folder")


@fault(
    "RE448",
    title="sources of several accounts",
    what="A report on the account's days was given sources of more than one account.",
    why="Equity, daily results and drawdown are one account's.",
    bad="ruleengine report daily out/account-a out/account-b",
    good="ruleengine report daily out/account-a",
    proof=_TESTED,
)
def accounts_differ(span: Span, accounts: str) -> Wording:
    return says(f"the sources are of accounts {accounts}", help="make a report of each")


@fault(
    "RE449",
    title="the same twice among the sources",
    what="Two sources hold the same decisions, or cover the same time of one account.",
    why="What stands in both would be counted twice, and the account's days would be those of neither.",
    bad="ruleengine report daily out/monday copy-of-monday",
    good="ruleengine report daily out/monday out/tuesday",
    proof=_TESTED,
)
def sources_overlap(span: Span, other: str, what: str) -> Wording:
    return says(f"{what} as {word(other)}", help="leave one of them out; different policies are reported one by one")


@fault(
    "RE450",
    title="account's day not known",
    what="The sources state no day of the account, and the days of their instruments begin at different times.",
    why="Daily results, drawdown within a day and the period of a report would go by a day that nobody chose.",
    bad="ruleengine report daily out/currencies-and-crypto   # a run of an earlier version, without `day`",
    good="ruleengine report daily out/again   # run again with `day` in the account file",
    proof=_TESTED,
)
def days_differ(span: Span, days: Mapping[str, str]) -> Wording:
    said = ", ".join(f"{word(name)} {day}" for name, day in days.items())
    return says(
        f"no source states the account's day, and its instruments' days differ: {said}",
        help="run again with `day` in the account file; for a log give the instruments of its mapping one `zone` and "
        "`day`",
    )


@fault(
    "RE451",
    title="runs of one account with different days",
    what="Two runs of one account count its days from different times.",
    why="Days that overlap would have the same orders, trades and results twice.",
    bad="ruleengine report daily out/monday out/tuesday   # `day` in the account file was changed in between",
    good="ruleengine report daily out/tuesday",
    proof=_TESTED,
)
def account_day_differs(span: Span, own: str, other: str, others: str) -> Wording:
    return says(
        f"its account's day runs {own}, that of {word(other)} {others}",
        help="make a report of each, or run one of them again with the other's `day` in the account file",
    )


@fault(
    "RE452",
    title="runs of one journal over the same time",
    what="Two runs that wrote into one journal cover the same time of the account.",
    why="A recorded or simulated market begins anew with each run; what both did would be counted twice.",
    bad="ruleengine run --journal practice …   # twice, over the same market",
    good="ruleengine run --journal practice-2 …",
    proof=_TESTED,
)
def journal_runs_overlap(span: Span, other: str) -> Wording:
    return says(
        f"it covers the same time as {word(other)}",
        help="run again with a `--journal` of its own for each run, and report them one by one",
    )
