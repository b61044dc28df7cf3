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
    tags: Annotated[
        Literal["base", "raw"], option("--tags", help="Strategies by base or raw tags.", show_default=True)
    ] = "base",
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
