"""RE400–RE419: recordings, imports and series: what is missing, disordered or implausible in data.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span

_TESTED = "none: needs recorded files; tests/recordings/test_problems.py"


@fault(
    "RE401",
    title="time zone not declared",
    what="The source writes clock times without an offset, and neither mapping nor command names their zone.",
    why="A wrong guess moves every bar by hours and breaks sessions, daily limits and the order between instruments.",
    bad="ruleengine import --mapping mt5-h1 USDJPYh1.csv",
    good="ruleengine import --mapping mt5-h1 --zone Europe/Athens USDJPYh1.csv",
    proof=_TESTED,
)
def zone_not_declared(span: Span, mapping: str, columns: str) -> Wording:
    return says(
        f"mapping {word(mapping)} does not say in which time zone {word(columns)} is",
        help="declare it with --zone NAME (UTC, Asia/Seoul, Europe/Athens …) or `zone:` in the mapping",
    )


@fault(
    "RE402",
    title="unknown time zone",
    what="The declared time zone is not in the time-zone database.",
    why="Without its rules no time can be placed.",
    bad="--zone EEST",
    good="--zone Europe/Athens",
    proof=_TESTED,
)
def unknown_zone(span: Span, name: str) -> Wording:
    return says(f"unknown time zone {word(name)}", help="use a name of the IANA database, as Europe/Athens, or UTC")


@fault(
    "RE403",
    title="column not in the source",
    what="The mapping names a column that the file does not have.",
    why="The file is of another form than the mapping describes.",
    bad="columns: {bid: Bid_Price}   # the header says Bid",
    good="columns: {bid: Bid}",
    proof=_TESTED,
)
def column_not_in_source(span: Span, column: str, present: str) -> Wording:
    return says(f"no column {word(column)} in this file", help=f"it has {present}")


@fault(
    "RE404",
    title="input cannot be read",
    what="An input file is missing, empty, damaged or not of the declared format.",
    why="Nothing is imported from a set of files of which one cannot be read.",
    bad="ruleengine import --mapping truefx-quotes missing.csv",
    good="ruleengine import --mapping truefx-quotes ticks.csv",
    proof=_TESTED,
)
def input_unreadable(span: Span, reason: str) -> Wording:
    return says(f"cannot be read: {reason}", help="check the path, and that the mapping fits the file")


@fault(
    "RE405",
    title="no input for a part of the mapping",
    what="The mapping expects a file (a side, a table) that is not among the inputs.",
    why="Bid bars without ask bars have no spread; half of a pair is not imported as if it were whole.",
    bad="ruleengine import --mapping fxcm-m1-bid-ask usdjpy_bid.csv",
    good="ruleengine import --mapping fxcm-m1-bid-ask usdjpy_bid.csv usdjpy_ask.csv",
    proof=_TESTED,
)
def no_input_for(span: Span, part: str, pattern: str) -> Wording:
    return says(f"no input file for {word(part)}", help=f"give a file whose name matches {word(pattern)}")


@fault(
    "RE406",
    title="recording exists",
    what="The output folder already holds something.",
    why="A recording is never overwritten by accident: decisions refer to it by digest.",
    bad="ruleengine import … --out data/usdjpy   # exists",
    good="ruleengine import … --out data/usdjpy --force",
    proof=_TESTED,
)
def output_exists(span: Span) -> Wording:
    return says("output folder already exists", help="choose another with --out, or replace it with --force")


@fault(
    "RE407",
    title="not a recording",
    what="The folder has no readable manifest of a known format version.",
    why="What its columns mean is declared there.",
    bad="ruleengine dry-run --data some/folder",
    good="ruleengine dry-run --data recordings/usdjpy",
    proof=_TESTED,
)
def not_a_recording(span: Span, reason: str) -> Wording:
    return says(f"not a recording: {reason}", help="make one with `ruleengine import`")


@fault(
    "RE408",
    title="recording does not match its manifest",
    what="Files of the recording are missing, or hold other rows than the manifest says.",
    why="A run on changed data would carry the digest of other data.",
    bad="a Parquet file of the recording was edited or deleted",
    good="the folder is as `ruleengine import` wrote it",
    proof=_TESTED,
)
def recording_changed(span: Span, what: str) -> Wording:
    return says(f"recording does not match its manifest: {what}", help="import it again from its origin")


@fault(
    "RE409",
    title="instrument or venue not usable as a name",
    what="A venue or instrument name is missing, or has characters that cannot stand in a folder name.",
    why="Recordings are stored in folders by venue and instrument.",
    bad="--instrument USD/JPY",
    good="--instrument USD_JPY",
    proof=_TESTED,
)
def unusable_name(span: Span, what: str, name: str) -> Wording:
    return says(
        f"{what} {word(name)} cannot be used as a name" if name else f"{what} is not given",
        help=f"give --{what} with letters, digits, `.`, `_` and `-`, at most 64",
    )


@fault(
    "RE410",
    title="price band not declared",
    what="The scale of this source's integers is in doubt, and no band of plausible prices is declared.",
    why="A price a hundred times too large is a valid number; only a band shows that the scale is wrong.",
    bad="ruleengine import --mapping quotes-fixed128 quotes.parquet",
    good="ruleengine import --mapping quotes-fixed128 --price-band 50:250 quotes.parquet",
    proof=_TESTED,
)
def price_band_not_declared(span: Span, mapping: str) -> Wording:
    return says(
        f"mapping {word(mapping)} needs a band of plausible prices",
        help="declare it with --price-band LOW:HIGH",
    )


@fault(
    "RE411",
    title="nothing to import",
    what="No line of the inputs gave a row.",
    why="An empty recording would look like a quiet market.",
    bad="a file with a header only",
    good="a file with rows, and a mapping whose `where:` some of them meet",
    proof=_TESTED,
)
def nothing_imported(span: Span, tables: str) -> Wording:
    return says(f"no rows for {tables}", help="check the mapping's time form and `where:` against the file")


@fault(
    "RE412",
    title="mapping not usable",
    what="The mapping is not one of the built-in names, or its own text does not fit the form of a mapping.",
    why="What the columns mean has to be declared completely.",
    bad="--mapping oanda",
    good="--mapping oanda-m1-mid",
    proof=_TESTED,
)
def mapping_unusable(span: Span, reason: str, help_text: str) -> Wording:
    return says(f"mapping cannot be used: {reason}", help=help_text)


@fault(
    "RE417",
    title="line is no signal",
    what="A line of signals is not one JSON object.",
    why="A signal that is passed over is an order that somebody believes was asked for.",
    bad='{"id": "s-1", "time": "2026-01-07T13:00:31Z",',
    good='{"id": "s-1", "time": "2026-01-07T13:00:31Z", "instrument": "USD_JPY", "strategy": "A", "side": "long"}',
    proof="none: a line is no policy; tests/runs/test_signals.py",
)
def signal_unreadable(span: Span, reason: str) -> Wording:
    return says(f"no signal: {reason}", help="one JSON object a line; the shape is `ruleengine schema signal`")


@fault(
    "RE416",
    title="the same recording twice",
    what="Two of the folders that are opened together hold the same rows: their digests are equal.",
    why="Every row would come twice, so that bars, counters and volumes are those of no market.",
    bad="ruleengine dry-run … --data recordings/usdjpy --data recordings/usdjpy",
    good="ruleengine dry-run … --data recordings/usdjpy --data recordings/signals",
    proof=_TESTED,
)
def recording_twice(span: Span, other: str) -> Wording:
    return says(f"these rows are those of {word(other)} again", help="name each recording once")


@fault(
    "RE413",
    title="stamps of no possible time",
    what="A stamp of the source, read as the mapping says, lies before 1990 or more than a day after the present.",
    why="Seconds read as nanoseconds put a whole recording into the first seconds of 1970, where every rule that looks "
    "at the time of day, a session or a holiday decides otherwise.",
    bad="time: {columns: [ts], form: epoch_ns}   # the column holds 1546383600",
    good="time: {columns: [ts], form: epoch_s}",
    proof=_TESTED,
)
def stamp_implausible(span: Span, columns: str, moment: str, when: str, count: int, remedy: str) -> Wording:
    more = f", and {count - 1:,} more" if count > 1 else ""
    return says(f"{word(columns)} gives {moment} here, which is {when}{more}", help=remedy)


@fault(
    "RE414",
    title="declaration without use",
    what="A declaration beside the mapping says something that this mapping has no place for.",
    why="It was meant for another file or another mapping; passing over it would import something else than was asked.",
    bad="ruleengine import --preset truefx-quotes --interval 5m ticks.csv",
    good="ruleengine import --preset truefx-quotes ticks.csv",
    proof=_TESTED,
)
def declaration_unused(span: Span, mapping: str, why: str) -> Wording:
    return says(
        f"mapping {word(mapping)} has no use for this: {why}",
        help=f"leave {span.file} out, or choose the mapping that it was meant for",
    )


@fault(
    "RE415",
    title="declaration not usable",
    what="A declaration beside the mapping has a value that can't be meant.",
    why="A band that holds no price, or a scale of zero, would flag every row or none.",
    bad="--price-band 150:80",
    good="--price-band 80:150",
    proof=_TESTED,
)
def declaration_unusable(span: Span, reason: str) -> Wording:
    return says(f"declaration cannot be used: {reason}", help="`ruleengine import --help` shows how each is written")


@fault(
    "RE418",
    title="recording not finished",
    what="The folder holds what a recording had taken when it was interrupted; it is no recording yet.",
    why="Half of a recording that looked whole would be read as a quiet market.",
    bad="ruleengine dry-run … --data recordings/btc   # its recording was killed",
    good="ruleengine record --finish recordings/btc",
    proof="none: needs a folder; tests/recordings/test_recorder.py",
)
def recording_unfinished(span: Span) -> Wording:
    return says("this recording is not finished", help=f"finish it with `ruleengine record --finish {span.file}`")


@fault(
    "RE419",
    title="recording can't be gone on with",
    what="The folder of an interrupted recording is in use, was begun otherwise, or lacks what it was begun with.",
    why="Two writers, or two venues in one series, would make a market that never was.",
    bad="ruleengine record --adapter okx … --out recordings/btc   # begun with another adapter",
    good="ruleengine record --finish recordings/btc",
    proof="none: needs a folder; tests/recordings/test_recorder.py",
)
def recording_not_resumable(span: Span, reason: str) -> Wording:
    return says(f"this recording can't be gone on with: {reason}", help="choose another folder with --out")
