"""`ruleengine report …`: its subcommands and their options."""

# annotations are not postponed here: typer would compile each of them again at every start
from pathlib import Path
from typing import Annotated, Literal

import typer

from ruleengine.cli.options import argument, option

app = typer.Typer(
    help="Report on runs, journals and imported logs.",
    no_args_is_help=True,
    epilog="Example: ruleengine report guards out/february --format html --out guards.html",
)

Sources = Annotated[
    list[Path], argument("Folder of a dry run, journal, or imported log; several are taken together.", "SOURCE")
]
ReportFormat = Annotated[
    Literal["text", "json", "html"],
    option("--format", help="json: figures; html: one page.", show_default=True),
]
Out = Annotated[Path | None, option("--out", help="File to write; by default standard output.", metavar="FILE")]
From = Annotated[str | None, option("--from", help="From then on (UTC), as 2013-02-04.", metavar="TIME")]
To = Annotated[str | None, option("--to", help="Until then (UTC), exclusive.", metavar="TIME")]
Minimum = Annotated[int, option("--min-count", help="Leave smaller groups out.", metavar="N", show_default=True, min=1)]
Tags = Annotated[Literal["base", "raw"], option("--tags", help="Strategies by base or raw tags.", show_default=True)]


@app.command(epilog="Example: ruleengine report guards out/february --days 28 --min-count 3")
def guards(
    sources: Sources = [],  # noqa: B006  typer reads the default as a literal
    days: Annotated[
        int, option("--days", help="That many days back from the last; 0: all.", metavar="N", show_default=True, min=0)
    ] = 7,
    from_: From = None,
    to: To = None,
    min_count: Minimum = 5,
    top: Annotated[
        int, option("--top", help="Most-blocked strategies shown one by one.", metavar="N", show_default=True, min=0)
    ] = 8,
    tags: Tags = "base",
    kind: Annotated[
        list[str], option("--kind", help="Kind of decision; repeatable. By default all that open.", metavar="KIND")
    ] = [],  # noqa: B006
    format: ReportFormat = "text",
    out: Out = None,
) -> None:
    """What was blocked, by what, by how much, and what would have let it through.

    Exit code 0: done, 2: wrong use, or sources that can't be read.
    """
    from ruleengine.cli.report import guards as command

    raise typer.Exit(command(sources, days, from_, to, min_count, top, tags == "raw", kind, format, out))


@app.command(
    epilog="Example: ruleengine report outcomes out/february --figure ma20_gap_atr --edges ma20_gap_atr=0.8,1.2"
)
def outcomes(
    sources: Sources = [],  # noqa: B006
    days: Annotated[
        int, option("--days", help="That many days back from the last; 0: all.", metavar="N", show_default=True, min=0)
    ] = 0,
    from_: From = None,
    to: To = None,
    min_count: Minimum = 5,
    tags: Tags = "base",
    by_strategy: Annotated[bool, option("--by-strategy", help="Every bucket for each strategy too.")] = False,
    figure: Annotated[
        list[str], option("--figure", help="Only this figure of the opening decision; repeatable.", metavar="NAME")
    ] = [],  # noqa: B006
    edges: Annotated[
        list[str],
        option("--edges", help="Where its buckets part; by default its quartiles.", metavar="NAME=X,Y"),
    ] = [],  # noqa: B006
    format: ReportFormat = "text",
    out: Out = None,
) -> None:
    """How closed trades did, by what was measured at their opening.

    Exit code 0: done, 2: wrong use, or sources that can't be read.
    """
    from ruleengine.cli.report import outcomes as command

    raise typer.Exit(
        command(sources, days, from_, to, min_count, tags == "raw", by_strategy, figure, edges, format, out)
    )


@app.command(epilog="Example: ruleengine report trial out/january --stop 2% --max-entries 20 --check")
def trial(
    sources: Sources = [],  # noqa: B006
    days: Annotated[
        int, option("--days", help="Trading days of the trial.", metavar="N", show_default=True, min=1)
    ] = 15,
    from_: Annotated[
        str | None, option("--from", help="First day (UTC); by default the last so many days.", metavar="TIME")
    ] = None,
    to: To = None,
    stop: Annotated[
        str | None, option("--stop", help="Largest loss of a trade whose stop is not recorded, as 2%.", metavar="SHARE")
    ] = None,
    max_entries: Annotated[
        int | None, option("--max-entries", help="Openings a day; more is over-trading.", metavar="N", min=1)
    ] = None,
    digest: Annotated[
        str, option("--digest", help="Digest (or its beginning) of the policy on trial.", metavar="TEXT")
    ] = "",
    check: Annotated[bool, option("--check", help="Exit code 1 unless every criterion passed.")] = False,
    format: ReportFormat = "text",
    out: Out = None,
) -> None:
    """Whether a trial passed, criterion by criterion.

    Exit code 0: done, 1: with --check, not passed, 2: wrong use, or sources that can't be read.
    """
    from ruleengine.cli.report import trial as command

    raise typer.Exit(command(sources, days, from_, to, stop, max_entries, digest, check, format, out))


@app.command(
    epilog="Example: ruleengine report daily .ruleengine/my-account --day 2026-01-07 --format html --out d.html"
)
def daily(
    sources: Sources = [],  # noqa: B006
    day: Annotated[
        str | None,
        option("--day", help="The account's day, by the date it ends on; by default the last.", metavar="DAY"),
    ] = None,
    from_: From = None,
    to: To = None,
    max_gap: Annotated[
        str,
        option("--max-gap", help="A longer time of open market without an event is a hole.", metavar="TIME"),
    ] = "15min",
    format: ReportFormat = "text",
    out: Out = None,
) -> None:
    """A day's figures: total assets, result, win rate, drawdown, open positions.

    Exit code 0: done, 2: wrong use, or sources that can't be read.
    """
    from ruleengine.cli.report import daily as command

    raise typer.Exit(command(sources, day, from_, to, max_gap, format, out))


@app.command(epilog="Example: ruleengine report exposure out/february --at 2013-02-05T13:30")
def exposure(
    source: Annotated[
        Path | None, argument("Folder of a dry run, or journal; by default the last run's.", "[SOURCE]")
    ] = None,
    at: Annotated[
        str | None,
        option("--at", help="At that instant (UTC), by running it again; by default at its end.", metavar="TIME"),
    ] = None,
    format: ReportFormat = "text",
    out: Out = None,
) -> None:
    """What is open and what it has gained or lost, by strategy and pocket.

    Exit code 0: done, 2: wrong use, or sources that can't be read.
    """
    from ruleengine.cli.report import exposure as command

    raise typer.Exit(command(source, at, format, out))
